"""Resume: seconds from nothing to the first batch of a step in the middle of the second epoch, by context and packing.

Opening the set, its permutation or plan, and reading the batch count; imports do not.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

from benchmarks.loader.measure import CONTEXTS, SEQUENCES
from corpus.shards.reader import ShardSet
from training.data.loader import Loader


def main(place: Path) -> None:
    found = {}
    for context in CONTEXTS:
        for packing in ("concat", "bestfit"):
            start = time.perf_counter()
            shards = ShardSet(place / "shards")
            loader = Loader(shards, context=context, global_batch=SEQUENCES, seed=1, packing=packing)
            loader.batch(3 * loader.sequences // SEQUENCES // 2)
            found[f"{packing} {context}"] = time.perf_counter() - start
    print(json.dumps(found))


if __name__ == "__main__":
    main(Path(sys.argv[1]))

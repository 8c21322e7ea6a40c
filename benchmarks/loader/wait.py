"""Wait: the share of a step's time that a trainer waits for its batch, with batches read ahead by a thread, the
first step and the first reading of each chunk included.

Two kinds of steps of 32 x 1,024 tokens: `away`, as on a GPU that trains 600,000 tokens a second while the CPU is idle,
and `here`, in which the CPU multiplies matrices for about as long.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path

import torch

from benchmarks.loader.measure import SEQUENCES
from corpus.shards.reader import ShardSet
from training.data.loader import Loader
from training.data.prefetch import Prefetch

CONTEXT, STEPS, GPU = 1024, 200, 600_000


def share(loader: Loader, step: Callable[[], object]) -> float:
    waited, start = 0.0, time.perf_counter()
    with Prefetch(loader, 0, STEPS) as batches:
        for _ in range(STEPS):
            before = time.perf_counter()
            next(batches)
            waited += time.perf_counter() - before
            step()
    return waited / (time.perf_counter() - start)


def main(place: Path) -> None:
    torch.set_num_threads(1)
    loader = Loader(ShardSet(place / "shards"), context=CONTEXT, global_batch=SEQUENCES, seed=1)
    weights = torch.randn(2048, 1024)
    found = {
        "away": share(loader, lambda: time.sleep(SEQUENCES * CONTEXT / GPU)),
        "here": share(loader, lambda: [weights.T @ weights for _ in range(2)]),
    }
    print(json.dumps(found))


if __name__ == "__main__":
    main(Path(sys.argv[1]))

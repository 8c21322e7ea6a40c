"""Headwater: the batches of its loader's steps, read by the thread that takes them, after every chunk was checked once.
`concat`, `bestfit`, each also with `segments`, are the options.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import torch

from benchmarks.loader.measure import SEQUENCES, main
from benchmarks.loader.tokens import CHUNK
from corpus.shards.reader import ShardSet
from training.data.loader import Loader


def batches(place: Path, context: int) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    packing, segments = sys.argv[2], "segments" in sys.argv
    shards = ShardSet(place / "shards")
    for start in range(0, len(shards), CHUNK // 2):
        shards.tokens(start, start + 1)
    loader = Loader(
        shards,
        context=context,
        global_batch=SEQUENCES,
        seed=1,
        packing=packing,
        segments=segments,
    )
    for step in count():
        batch = loader.batch(step)
        yield torch.from_numpy(batch.tokens), torch.from_numpy(batch.targets)


if __name__ == "__main__":
    main(batches)

"""Measure: tokens a second of an endless row of batches, by the clock and by CPU time."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import torch

CONTEXTS, SEQUENCES = (256, 1024, 2048), 32
WARM, SECONDS = 20, 1.0

# The place with the tokens, and a context -> inputs and targets, int64 (SEQUENCES, context), again and again.
Batches = Callable[[Path, int], Iterator[tuple[torch.Tensor, torch.Tensor]]]


def main(batches: Batches) -> None:
    """By context, on the last line: tokens a second, `wall` and `cpu` (of all threads)."""
    torch.set_num_threads(1)
    found = {}
    for context in CONTEXTS:
        row = batches(Path(sys.argv[1]), context)
        for _ in range(WARM):
            tokens, targets = next(row)
            assert tokens.shape == targets.shape == (SEQUENCES, context)
            assert tokens.dtype == targets.dtype == torch.int64
            assert (tokens[:, 1:] == targets[:, :-1]).float().mean() > 0.9  # documents may stand apart
        count, wall, cpu = 0, time.perf_counter(), time.process_time()
        while time.perf_counter() - wall < SECONDS:
            for _ in range(WARM):
                next(row)
            count += WARM * SEQUENCES * context
        found[context] = {
            "wall": count / (time.perf_counter() - wall),
            "cpu": count / (time.process_time() - cpu),
        }
    print(json.dumps(found))


def forever(epoch: Callable[[], Iterator[torch.Tensor]]) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    """Of batches of context + 1 tokens of any type."""
    while True:
        for found in epoch():
            yield found[:, :-1].long(), found[:, 1:].long()

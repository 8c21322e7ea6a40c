from __future__ import annotations

import threading
import time

import numpy as np
import pytest
import torch
from small_corpus import Data

from corpus.shards.reader import ShardSet
from training.data.loader import Batch, Loader
from training.data.prefetch import Prefetch


class Reading(Loader):
    """Keeps which steps were read, and fails at one."""

    def __init__(self, data: Data, *, segments: bool = False, fails: int | None = None) -> None:
        super().__init__(ShardSet(data.shards), context=16, global_batch=4, seed=0, segments=segments)
        self.fails, self.read_steps = fails, list[int]()

    def batch(self, step: int) -> Batch:
        self.read_steps.append(step)
        if step == self.fails:
            raise OSError(f"step {step} cannot be read")
        return super().batch(step)


@pytest.mark.parametrize("segments", [False, True])
def test_batches_are_those_of_the_steps_in_their_order(data: Data, segments: bool) -> None:
    loader = Reading(data, segments=segments)
    with Prefetch(loader, 5, 30) as batches:
        found = list(batches)
    assert len(found) == 25
    for step, batch in enumerate(found, start=5):
        wanted = [part for part in Loader.batch(loader, step) if part is not None]
        assert len(batch) == len(wanted) == 2 + segments
        assert all(np.array_equal(one.numpy(), other) for one, other in zip(batch, wanted, strict=True))
        assert batch[0].dtype == batch[1].dtype == torch.int64
    assert loader.read_steps == list(range(5, 30))


def test_an_error_is_raised_at_its_step(data: Data) -> None:
    with Prefetch(Reading(data, fails=7), 0, 30) as batches:
        for _ in range(7):
            next(batches)
        with pytest.raises(OSError, match="step 7 cannot be read"):
            next(batches)


def test_it_reads_no_further_ahead_than_its_depth_and_ends_its_thread(data: Data) -> None:
    loader = Reading(data)
    before = threading.active_count()
    with Prefetch(loader, 0, 1_000, depth=3) as batches:
        for taken in range(5):
            next(batches)
            time.sleep(0.01)
            assert len(loader.read_steps) <= taken + 1 + 3
        assert threading.active_count() == before + 1
    assert threading.active_count() == before


def test_reading_overlaps_with_the_step(data: Data, monkeypatch: pytest.MonkeyPatch) -> None:
    loader, waited = Reading(data), 0.0
    read = loader.batch
    monkeypatch.setattr(loader, "batch", lambda step: time.sleep(0.01) or read(step))
    with Prefetch(loader, 0, 20) as batches:
        time.sleep(0.1)
        for _ in range(20):
            start = time.perf_counter()
            next(batches)
            waited += time.perf_counter() - start
            time.sleep(0.02)  # the step
    assert waited < 0.5 * 20 * 0.01

"""Prefetch: batches as tensors, read a few steps ahead by a thread while the step before computes."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType

import torch

from training.data.loader import Batch, Loader

FETCHED_AHEAD = 64  # steps whose shards are asked for, where they are remote; a shard is tens of thousands of sequences

Tensors = tuple[torch.Tensor, ...]


def tensors(batch: Batch) -> Tensors:
    """Tokens, targets and, where there are some, segments, over the same memory."""
    return tuple(torch.from_numpy(part) for part in batch if part is not None)


class Prefetch(Iterator[Tensors]):
    """The batches of steps [start, stop) in their order, each once: `with Prefetch(loader, 0, 100) as batches:`.

    A batch is tokens, targets and, where the loader numbers them, segments, [B, T] in the memory of the CPU; with `pin`
    in pages that a GPU reads by itself, so that `.to(device, non_blocking=True)` does not wait. `depth` batches are
    ready at most. What the thread raises is raised by `next`, at the step that it belongs to.
    """

    def __init__(self, loader: Loader, start: int, stop: int, *, depth: int = 4, pin: bool = False) -> None:
        self.loader, self.pin = loader, pin
        self._steps = iter(range(start, stop))
        self._stop = stop
        self._ready: deque[Future[Tensors]] = deque()
        self._thread = ThreadPoolExecutor(1, "prefetch")
        for step in range(start, min(stop, start + FETCHED_AHEAD)):
            loader.fetch_ahead(step)
        for _ in range(depth):
            self._ask()

    def _ask(self) -> None:
        step = next(self._steps, None)
        if step is not None:
            self._ready.append(self._thread.submit(self._read, step))

    def _read(self, step: int) -> Tensors:
        if step + FETCHED_AHEAD < self._stop:
            self.loader.fetch_ahead(step + FETCHED_AHEAD)
        return tuple(part.pin_memory() if self.pin else part for part in tensors(self.loader.batch(step)))

    def __next__(self) -> Tensors:
        if not self._ready:
            raise StopIteration
        batch = self._ready.popleft().result()
        self._ask()
        return batch

    def __enter__(self) -> Prefetch:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Ends the thread; batches that nobody took are dropped."""
        self._thread.shutdown(cancel_futures=True)

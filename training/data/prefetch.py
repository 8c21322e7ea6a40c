"""Prefetch: batches as tensors, read a few steps ahead by a thread while the step before computes."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Protocol

import numpy as np
import torch

LOOKAHEAD = 64  # steps whose remote shards are downloaded in advance; a shard is tens of thousands of sequences

Tensors = tuple[torch.Tensor, ...]


class Source(Protocol):
    """What a run reads: a loader, or examples made of its sequences."""

    def batch(self, step: int) -> Iterable[np.ndarray | None]: ...

    def fetch_ahead(self, step: int) -> None:
        """Starts downloading what a step will read, where that is remote."""
        ...


def tensors(batch: Iterable[np.ndarray | None]) -> Tensors:
    """Those that are there, sharing the memory of the arrays."""
    return tuple(torch.from_numpy(part) for part in batch if part is not None)


class Prefetch(Iterator[Tensors]):
    """The batches of steps [start, stop) in their order, each once: `with Prefetch(source, 0, 100) as batches:`.

    A batch is what the model reads and predicts, [B, ...] each, in the memory of the CPU; with `pin`
    in pinned memory, so that `.to(device, non_blocking=True)` does not wait. At most `depth` batches are ready. An
    exception of the thread is raised by `next`, at the step that it belongs to.
    """

    def __init__(self, source: Source, start: int, stop: int, *, depth: int = 4, pin: bool = False) -> None:
        self.source, self.pin = source, pin
        self._steps = iter(range(start, stop))
        self._stop = stop
        self._ready: deque[Future[Tensors]] = deque()
        self._thread = ThreadPoolExecutor(1, "prefetch")
        for step in range(start, min(stop, start + LOOKAHEAD)):
            source.fetch_ahead(step)
        for _ in range(depth):
            self._submit()

    def _submit(self) -> None:
        step = next(self._steps, None)
        if step is not None:
            self._ready.append(self._thread.submit(self._read, step))

    def _read(self, step: int) -> Tensors:
        if step + LOOKAHEAD < self._stop:
            self.source.fetch_ahead(step + LOOKAHEAD)
        return tuple(part.pin_memory() if self.pin else part for part in tensors(self.source.batch(step)))

    def __next__(self) -> Tensors:
        if not self._ready:
            raise StopIteration
        batch = self._ready.popleft().result()
        self._submit()
        return batch

    def __enter__(self) -> Prefetch:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Ends the thread and drops unused batches."""
        self._thread.shutdown(cancel_futures=True)

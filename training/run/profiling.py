"""Profiling: where the time of a few steps goes, as a trace that TensorBoard, Perfetto and Chrome show."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from torch import profiler

SKIPPED, WARMUP, TRACED = 5, 2, 3  # steps: the first ones allocate and compile, which none does later


@contextmanager
def profiled(folder: Path | None) -> Iterator[profiler.profile | None]:
    """Yields what is to be told of each step by `.step()`; None without a folder. The trace is written into it."""
    if folder is None:
        yield None
        return
    with profiler.profile(
        schedule=profiler.schedule(wait=SKIPPED, warmup=WARMUP, active=TRACED, repeat=1),
        on_trace_ready=profiler.tensorboard_trace_handler(str(folder)),
        with_stack=False,
    ) as found:
        yield found

"""Profiling: where the time of a few steps goes, as a trace that TensorBoard, Perfetto and Chrome show."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from torch import profiler

SKIPPED, WARMUP, TRACED = 5, 2, 3  # steps: the first ones allocate and compile, which none does later


@contextmanager
def profile_steps(folder: Path | None) -> Iterator[profiler.profile | None]:
    """Yields a profiler whose `.step()` must be called after each step, or None without a folder for the trace."""
    if folder is None:
        yield None
        return
    with profiler.profile(
        schedule=profiler.schedule(wait=SKIPPED, warmup=WARMUP, active=TRACED, repeat=1),
        on_trace_ready=profiler.tensorboard_trace_handler(str(folder)),
        with_stack=False,
    ) as active:
        yield active

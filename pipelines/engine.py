"""Engine: where pipelines run. The runner decides where parts are made, never what is in them."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field

from pipelines.parts import Phase

LOCAL = "FnApiRunner"
LOCAL_RUNNERS = (LOCAL, "DirectRunner")
WORKER_TIMEOUT = 300.0


@dataclass(frozen=True, kw_only=True)
class Engine:
    """Where pipelines run. `workers`: local processes. `options` are further Beam flags, such as --flink_master;
    `worker_timeout`: seconds within which a worker of another runner must have begun. No field is part of a digest.

    DirectRunner means FnApiRunner here: Beam's own tries to download another engine first and falls back silently, so
    that machines with and without a network would differ.
    """

    runner: str = LOCAL
    workers: int = field(default_factory=lambda: os.cpu_count() or 1)
    options: tuple[str, ...] = ()
    worker_timeout: float = WORKER_TIMEOUT

    def __post_init__(self) -> None:
        if self.options and self.runner in LOCAL_RUNNERS:
            raise ValueError(f"{' '.join(self.options)}: {self.runner} has no options; they are for another runner")

    def run(self, lake_url: str, folder: str, phases: Sequence[Phase], label: str) -> None:
        """Makes the parts of all phases."""
        if self.runner in LOCAL_RUNNERS:
            from pipelines.local import run_here  # what is all there needs no Beam

            run_here(lake_url, folder, phases, label, self.workers)
        else:
            from pipelines.remote.submission import submit

            flags = [f"--runner={self.runner}", *self.options]
            submit(lake_url, folder, phases, label, flags, self.worker_timeout)

"""Work in the process of the test itself, where the test has put something in the place of something else."""

from __future__ import annotations

from typing import Any

from pipelines import part_workers
from pipelines.guard import Job, Limits


class Unguarded:
    """Stands for a Guard."""

    def __init__(self, job: Job, limits: Limits | None) -> None:
        self._job, self._ready = job, False

    def do(self, split: Any) -> None:
        if not self._ready:
            self._job.setup()
            self._ready = True
        self._job.do(split, None)

    def stop(self) -> None:
        pass

    close = stop


def work_here() -> None:
    """From now on, for a script."""
    part_workers.Guard = Unguarded  # type: ignore[assignment,misc]

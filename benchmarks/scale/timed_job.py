"""Timed job: the work of pipelines, which notes when each worker began and ended what, by the clock that all processes
of a machine share, and the processor time that it took. In a module of its own: workers import it by its name."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from corpus.lake.store import Lake
from pipelines.guard import Watch
from pipelines.parts import PartJob, Split, Work

TIMES, SETUP = "times", "setup"


class TimedJob(PartJob):
    def __init__(self, lake_url: str, folder: str, work: Work) -> None:
        super().__init__(lake_url, folder, work)
        self.times, self.stage = Path(lake_url) / TIMES, Path(folder).parent.name
        self.kind = type(work).__name__

    def setup(self) -> None:
        with self._noted(SETUP, 0):
            super().setup()

    def do(self, split: Split, watch: Watch | None = None) -> None:
        with self._noted(split.name, split.weight):
            super().do(split, watch)

    @contextmanager
    def _noted(self, name: str, weight: int) -> Iterator[None]:
        began, used = time.monotonic(), time.process_time()
        yield
        row = {"stage": self.stage, "work": self.kind, "name": name, "weight": weight, "pid": os.getpid()}
        row |= {"began": began, "ended": time.monotonic(), "cpu": time.process_time() - used}
        self.times.mkdir(exist_ok=True)
        with open(self.times / f"{os.getpid()}.jsonl", "a") as file:
            file.write(json.dumps(row) + "\n")


def read_times(lake: Lake) -> list[dict[str, object]]:
    """All rows, as they began."""
    files = Path(lake.url, TIMES).glob("*.jsonl")
    rows = [json.loads(line) for file in files for line in file.read_text().splitlines()]
    return sorted(rows, key=lambda row: row["began"])

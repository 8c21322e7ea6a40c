"""Part worker: makes parts of splits, in this process or, where records may crash it, in one behind a guard."""

from __future__ import annotations

from corpus.lake.store import Lake
from pipelines.guard import Guard
from pipelines.parts import PartJob, Split, Work, part_path


class PartWorker:
    """Loads what the work needs once, for all splits that it gets."""

    def __init__(self, lake: Lake, folder: str, work: Work) -> None:
        self.lake, self.folder = lake, folder
        self.job = PartJob(lake.url, folder, work)
        self.guard = Guard(self.job, work.guard) if work.guard else None
        if self.guard is None:
            self.job.setup()

    def make(self, split: Split) -> None:
        """Makes the part of a split; one that is finished is not made again."""
        if self.lake.fs.exists(part_path(self.folder, split.name)):
            return
        if self.guard is not None:
            self.guard.do(split)
        else:
            self.job.do(split)

    def close(self) -> None:
        if self.guard is not None:
            self.guard.close()

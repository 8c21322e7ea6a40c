"""Part workers: processes that make parts of splits, each behind a guard."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from queue import SimpleQueue

from corpus.lake.store import Lake
from pipelines import forkserver
from pipelines.guard import Guard
from pipelines.parts import PartJob, Split, Work, heaviest_first, part_path


class PartWorkers:
    """`processes`, each of which loads what the work needs once, for all splits that it gets."""

    def __init__(self, lake: Lake, folder: str, work: Work, processes: int = 1) -> None:
        self.lake, self.folder, self.work = lake, folder, work
        job = PartJob(lake.url, folder, work)
        self.guards = [Guard(job, work.guard) for _ in range(processes)]

    def make(self, splits: Sequence[Split]) -> Iterator[str]:
        """Makes the parts of splits, the heaviest first, each in the next process that is free. Yields their names; one
        that is finished is not made again. Ends all processes when one fails."""
        finished = {*self.lake.existing([part_path(self.folder, split.name) for split in splits])}
        free: SimpleQueue[Guard] = SimpleQueue()
        for guard in self.guards:
            free.put(guard)

        def make(split: Split) -> str:
            if part_path(self.folder, split.name) not in finished:
                guard = free.get()
                try:
                    guard.do(split)
                finally:
                    free.put(guard)
            return split.name

        threads = ThreadPoolExecutor(len(self.guards))
        try:
            for future in as_completed([threads.submit(make, split) for split in heaviest_first(splits)]):
                yield future.result()
        except BaseException as error:
            for guard in self.guards:
                guard.stop()
            if not isinstance(error, Exception):  # Ctrl-C does not wait for a worker that starts
                forkserver.end()
            raise
        finally:
            threads.shutdown(cancel_futures=True)

    def close(self) -> None:
        for guard in self.guards:
            guard.close()

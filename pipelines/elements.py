"""Elements: the splits that a pipeline deals out, each of which becomes a part.

A split whose part is finished is not worked on again, so an engine may retry it and a killed run continues.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from corpus.lake.store import Lake
from pipelines.beam import beam
from pipelines.part_worker import PartWorker
from pipelines.parts import Split, Work


class RunSplit(beam.DoFn):
    """A split -> its name, when its part is there."""

    def __init__(self, lake_url: str, folder: str, work: Work) -> None:
        self.lake_url, self.folder, self.work = lake_url, folder, work

    def setup(self) -> None:
        self.worker = PartWorker(Lake(self.lake_url), self.folder, self.work)

    def process(self, split: Split) -> Iterator[str]:
        self.worker.make(split)
        yield split.name

    def teardown(self) -> None:
        self.worker.close()


class Phases(beam.PTransform):
    """Work in phases: the splits of one are dealt out when all parts of the one before are finished, and may read them.

    So what has to be brought together passes through files and not through the engine, which on one machine would hold
    all of it in memory.
    """

    def __init__(self, lake_url: str, folder: str, first: Work, *later: tuple[Sequence[Split], Work]) -> None:
        super().__init__()
        self.lake_url, self.folder, self.first, self.later = lake_url, folder, first, later

    def expand(self, splits: beam.PCollection) -> beam.PCollection:
        done = splits | "Phase 1" >> beam.ParDo(RunSplit(self.lake_url, self.folder, self.first))
        for number, (following, work) in enumerate(self.later, 2):
            done = (
                done
                | f"Finish phase {number - 1}" >> beam.Map(lambda name: (None, name))
                | f"All of phase {number - 1}" >> beam.GroupByKey()
                | f"Splits of phase {number}" >> beam.FlatMap(_named, following)
                | f"Deal out phase {number}" >> beam.GroupByKey()
                | f"Take phase {number}" >> beam.FlatMap(lambda named: named[1])
                | f"Phase {number}" >> beam.ParDo(RunSplit(self.lake_url, self.folder, work))
            )
        return done


def _named(_finished: tuple[None, Iterable[str]], following: Sequence[Split]) -> list[tuple[str, Split]]:
    return [(split.name, split) for split in following]

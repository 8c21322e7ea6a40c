"""Elements: the splits that a pipeline deals out, each of which becomes a part.

A split whose part is finished is not worked on again, so an engine may retry it and a killed run continues. The work is
done by processes behind guards: on this machine by as many as are wanted, in one element; where an engine deals splits
out to machines, by one for each of its workers.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from corpus.lake.store import Lake
from pipelines.beam import beam
from pipelines.part_workers import PartWorkers
from pipelines.parts import Phase, Split, Work


class RunInOrder(beam.DoFn):
    """All splits of all phases, on this machine: nothing is dealt out by Beam, whose shuffles cost a pipeline 0.3 s
    whatever is in it."""

    def __init__(self, lake_url: str, folder: str, phases: Sequence[Phase], processes: int) -> None:
        self.lake_url, self.folder, self.phases, self.processes = lake_url, folder, phases, processes

    def process(self, _start: None) -> Iterator[str]:
        lake = Lake(self.lake_url)
        for splits, work in self.phases:
            workers = PartWorkers(lake, self.folder, work, max(1, min(self.processes, len(splits))))
            try:
                yield from workers.make(splits)
            finally:
                workers.close()


class RunSplits(beam.DoFn):
    """A split -> its name, when its part is there."""

    def __init__(self, lake_url: str, folder: str, work: Work) -> None:
        self.lake_url, self.folder, self.work = lake_url, folder, work

    def setup(self) -> None:
        self.workers = PartWorkers(Lake(self.lake_url), self.folder, self.work)

    def process(self, split: Split) -> Iterator[str]:
        yield from self.workers.make([split])

    def teardown(self) -> None:
        self.workers.close()


class Phases(beam.PTransform):
    """Work in phases: the splits of one are dealt out when all parts of the one before are finished, and may read them.

    So what has to be brought together passes through files and not through the engine.
    """

    def __init__(self, lake_url: str, folder: str, phases: Sequence[Phase]) -> None:
        super().__init__()
        self.lake_url, self.folder, self.phases = lake_url, folder, phases

    def expand(self, root: beam.pvalue.PBegin) -> beam.PCollection:
        done = root | "Begin" >> beam.Create([(None, "")])
        for number, (splits, work) in enumerate(self.phases, 1):
            done = (
                done
                | f"All before phase {number}" >> beam.GroupByKey()
                | f"Splits of phase {number}" >> beam.FlatMap(_named, splits)
                # Grouped by name: without it the splits are fused to their source, and one worker gets all of them.
                | f"Deal out phase {number}" >> beam.GroupByKey()
                | f"Take phase {number}" >> beam.FlatMap(lambda named: named[1])
                | f"Phase {number}" >> beam.ParDo(RunSplits(self.lake_url, self.folder, work))
                | f"Finish phase {number}" >> beam.Map(lambda name: (None, name))
            )
        return done


def _named(_finished: tuple[None, Iterable[str]], splits: Sequence[Split]) -> list[tuple[str, Split]]:
    return [(split.name, split) for split in splits]

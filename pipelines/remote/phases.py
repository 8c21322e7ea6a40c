"""Phases: the splits of a stage, dealt out to the workers of an engine, phase by phase."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from corpus.lake.store import Lake
from pipelines.beam import beam
from pipelines.part_workers import PartWorkers
from pipelines.parts import Phase, Split, Work, heaviest_first
from pipelines.remote.worker_code import WorkerCode, announce


class RunSplits(beam.DoFn):
    """A split -> its name, when its part is there. Raises StageError on a worker whose code is not the launcher's."""

    def __init__(self, lake_url: str, folder: str, work: Work, code: WorkerCode) -> None:
        self.lake_url, self.folder, self.work, self.code = lake_url, folder, work, code

    def setup(self) -> None:
        lake = Lake(self.lake_url)
        announce(lake, self.folder)
        self.code.check()
        self.workers = PartWorkers(lake, self.folder, self.work)

    def process(self, split: Split) -> Iterator[str]:
        yield from self.workers.make([split])

    def teardown(self) -> None:
        if hasattr(self, "workers"):  # not where the code was refused
            self.workers.close()


class Phases(beam.PTransform):
    """Work in phases: the splits of one are dealt out when all parts of the one before are finished, and may read them.

    So what has to be brought together passes through files and not through the engine.
    """

    def __init__(self, lake_url: str, folder: str, phases: Sequence[Phase]) -> None:
        super().__init__()
        self.lake_url, self.folder, self.phases = lake_url, folder, phases

    def expand(self, root: beam.pvalue.PBegin) -> beam.PCollection:
        code = WorkerCode.here()
        done = root | "Begin" >> beam.Create([(None, "")])
        for number, (splits, work) in enumerate(self.phases, 1):
            done = (
                done
                | f"All before phase {number}" >> beam.GroupByKey()
                | f"Splits of phase {number}" >> beam.FlatMap(_dealt, splits)
                # Without it the splits are fused to their source, and one worker gets all of them.
                | f"Deal out phase {number}" >> beam.Reshuffle()
                | f"Phase {number}" >> beam.ParDo(RunSplits(self.lake_url, self.folder, work, code))
                | f"Finish phase {number}" >> beam.Map(lambda name: (None, name))
            )
        return done


def _dealt(_finished: tuple[None, Iterable[str]], splits: Sequence[Split]) -> list[Split]:
    return heaviest_first(splits)

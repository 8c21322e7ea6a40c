"""Local: a stage on this machine, by Beam's own runner and one process a worker."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence

from corpus.lake.store import Lake
from pipelines.beam import FnApiRunner, PipelineOptions, beam
from pipelines.part_workers import PartWorkers
from pipelines.parts import Phase


def run_here(lake_url: str, folder: str, phases: Sequence[Phase], label: str, processes: int) -> None:
    """Makes the parts of all phases. Beam has one worker, in this process, which hands splits to the processes that
    work on them. Beam's own worker processes start anew for each pipeline, at two seconds of processor time each."""
    with beam.Pipeline(runner=FnApiRunner(), options=PipelineOptions([])) as pipeline:
        shutil.rmtree(pipeline.local_tempdir)  # for transforms of other languages; a killed process would leave it
        run = RunInOrder(lake_url, folder, phases, processes)
        pipeline | "Start" >> beam.Create([None]) | label >> beam.ParDo(run)


class RunInOrder(beam.DoFn):
    """All splits of all phases: nothing is dealt out by Beam, whose shuffles cost a pipeline 0.3 s whatever is in
    it."""

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

"""Engine: where pipelines run. The runner decides where parts are made, never what is in them."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, field

from pipelines.parts import Phase

LOCAL_RUNNERS = ("FnApiRunner", "DirectRunner")


@dataclass(frozen=True, kw_only=True)
class Engine:
    """Where pipelines run. `options` are further Beam flags, such as --flink_master. No field is part of a digest.

    DirectRunner means FnApiRunner here: Beam's own tries to download another engine first and falls back silently, so
    that machines with and without a network would differ.
    """

    runner: str = "FnApiRunner"
    workers: int = field(default_factory=lambda: os.cpu_count() or 1)
    options: tuple[str, ...] = ()

    def run(self, lake_url: str, folder: str, phases: Sequence[Phase], label: str) -> None:
        """Makes the parts of all phases. On this machine Beam has one worker, in this process, which hands splits to
        the processes that work on them (see pipelines.elements). Beam's own worker processes start anew for each
        pipeline, at two seconds of processor time each."""
        from pipelines.beam import FnApiRunner, PipelineOptions, beam  # what is all there needs no Beam
        from pipelines.elements import Phases, RunInOrder

        if self.runner not in LOCAL_RUNNERS:
            with beam.Pipeline(options=PipelineOptions([f"--runner={self.runner}", *self.options])) as pipeline:
                pipeline | label >> Phases(lake_url, folder, phases)
            return
        with beam.Pipeline(runner=FnApiRunner(), options=PipelineOptions([*self.options])) as pipeline:
            shutil.rmtree(pipeline.local_tempdir)  # for transforms of other languages; a killed process would leave it
            run = RunInOrder(lake_url, folder, phases, self.workers)
            pipeline | "Start" >> beam.Create([None]) | label >> beam.ParDo(run)

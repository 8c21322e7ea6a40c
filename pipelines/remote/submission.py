"""Submission: a stage as a job of another engine, watched until it is through."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from typing import Any

import grpc

from corpus.lake.store import Lake
from pipelines.beam import PipelineOptions, beam
from pipelines.parts import Phase, StageError
from pipelines.remote.phases import Phases
from pipelines.remote.worker_code import announcement

HUNG_UP = (grpc.StatusCode.CANCELLED, grpc.StatusCode.UNAVAILABLE)
LOOK = 0.5  # seconds between two looks at a job


def submit(
    lake_url: str, folder: str, phases: Sequence[Phase], label: str, flags: Sequence[str], worker_timeout: float
) -> None:
    """Makes the parts of all phases on an engine. Raises StageError when no worker has begun after `worker_timeout`
    seconds; engines wait for theirs for ever."""
    lake = Lake(lake_url)
    if lake.fs.exists(announcement(folder)):  # of a run that was killed
        lake.fs.rm_file(announcement(folder))
    report_unless_hung_up()
    pipeline = beam.Pipeline(options=PipelineOptions([*flags], job_name=f"headwater-{label.replace('_', '-')}"))
    pipeline | label >> Phases(lake_url, folder, phases)
    result = pipeline.run()
    try:
        wait_for_end(result, lake, folder, worker_timeout)
    except BaseException:
        result.cancel()
        raise


def wait_for_end(result: Any, lake: Lake, folder: str, worker_timeout: float) -> None:
    """Until a job's result, of Beam, is there; raises StageError as `submit` does, and what the job failed with."""
    ended, started = threading.Event(), time.monotonic()
    failure: list[BaseException] = []

    def finish() -> None:
        try:
            result.wait_until_finish()
        except BaseException as error:  # raised again where it can be caught
            failure.append(error)
        ended.set()

    threading.Thread(target=finish, daemon=True).start()
    waiting = True
    while not ended.wait(LOOK):
        waiting = waiting and not lake.fs.exists(announcement(folder))
        if waiting and time.monotonic() - started > worker_timeout:
            raise StageError(
                f"no worker of the engine has begun within {worker_timeout:.0f} s, or none reaches the lake "
                f"{lake.url}: look at the logs of its workers (a worker pool that starts another Python, a container "
                f"without headwater, a folder that other machines do not have); docs/engines.md says what workers need"
            )
    if failure:
        raise failure[0]


_report = threading.excepthook


def report_unless_hung_up() -> None:
    """Beam's workers in this process read from the engine until it hangs up, which each of their threads would report
    with a traceback."""

    def hook(args: threading.ExceptHookArgs) -> None:
        if not (isinstance(args.exc_value, grpc.Call) and args.exc_value.code() in HUNG_UP):
            _report(args)

    threading.excepthook = hook

"""A job of another engine, and its workers, when something is wrong with them."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from corpus.lake.store import Lake
from pipelines.parts import StageError
from pipelines.remote.submission import wait_for_end
from pipelines.remote.worker_code import WorkerCode, announce


class Job:
    """Of an engine that does nothing until it is cancelled."""

    def __init__(self) -> None:
        self.cancelled = threading.Event()

    def wait_until_finish(self) -> None:
        self.cancelled.wait()


def test_a_job_without_a_worker_is_ended(tmp_path: Path) -> None:
    lake, job = Lake(str(tmp_path)), Job()
    with pytest.raises(StageError, match=rf"no worker of the engine has begun within 1 s.*lake {tmp_path}: look at"):
        wait_for_end(job, lake, lake.path("stage", "address"), 1.0)
    announce(lake, lake.path("stage", "address"))
    threading.Timer(2.0, job.cancelled.set).start()
    wait_for_end(job, lake, lake.path("stage", "address"), 1.0)  # a worker that is slow is waited for


def test_a_worker_with_other_code_is_refused() -> None:
    here = WorkerCode.here()
    here.check()
    other = WorkerCode({**here.versions, "pyarrow": "1.0", "headwater's code": "0123"})
    with pytest.raises(
        StageError, match=r"has other code than the launcher: headwater's code \w+ \(the launcher: 0123\)"
    ):
        other.check()
    with pytest.raises(StageError, match=r"pyarrow [\d.]+ \(the launcher: 1.0\); install the same there"):
        other.check()
    WorkerCode({**here.versions, "torch-of-the-launcher": "1.0"}).check()  # a worker may lack what it does not use


def test_a_pool_answers_for_the_code_that_it_was_started_with(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files that are changed under it are not what it runs, though a new launcher has them."""
    running = WorkerCode.here()
    monkeypatch.setattr("pipelines.remote.worker_code._digest", lambda: "new files")
    newer = WorkerCode({**running.versions, "headwater's code": "new files"})
    with pytest.raises(StageError, match=r"other code than the launcher: .*\(the launcher: new files\)"):
        newer.check()

"""Runs that were killed: seen as such, and out of the way of the next one."""

from __future__ import annotations

import socket
import subprocess
import sys
from pathlib import Path

import dagster as dg
import pytest

from corpus.lake.store import Lake
from dagster_project.definitions import CRAWL_JOB, defs
from dagster_project.instance import PID_TAG, reconcile, this_process, use_home


@pytest.fixture
def instance(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dg.DagsterInstance:
    for name in ("DAGSTER_HOME", "HEADWATER_LAKE", "DO_NOT_TRACK"):
        monkeypatch.setenv(name, "")
    use_home(Lake(str(tmp_path)))
    return dg.DagsterInstance.get()


def started(instance: dg.DagsterInstance, process: str) -> dg.DagsterRun:
    job = defs.resolve_job_def(CRAWL_JOB)
    return instance.create_run_for_job(job, status=dg.DagsterRunStatus.STARTED, tags={PID_TAG: process})


def test_a_killed_run_fails_and_frees_the_training_pool(instance: dg.DagsterInstance) -> None:
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    run = started(instance, f"{dead.pid}@1.00")
    storage = instance.event_log_storage
    storage.initialize_concurrency_limit_to_default("training")
    assert storage.claim_concurrency_slot("training", run.run_id, "checkpoint").is_claimed
    assert reconcile(instance) == 1
    found = instance.get_run_by_id(run.run_id)
    assert found is not None and found.status == dg.DagsterRunStatus.FAILURE
    assert storage.claim_concurrency_slot("training", "another", "checkpoint").is_claimed


def test_a_run_of_another_machine_is_left_alone(instance: dg.DagsterInstance) -> None:
    """One history may be of several: what runs elsewhere cannot be seen here."""
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    started(instance, f"{dead.pid}@1.00@another-machine")
    ours = started(instance, f"{dead.pid}@1.00@{socket.gethostname()}")
    assert reconcile(instance) == 1
    found = instance.get_run_by_id(ours.run_id)
    assert found is not None and found.status == dg.DagsterRunStatus.FAILURE


def test_a_living_run_is_left_alone(instance: dg.DagsterInstance) -> None:
    run = started(instance, this_process())
    assert reconcile(instance) == 0
    found = instance.get_run_by_id(run.run_id)
    assert found is not None and found.status == dg.DagsterRunStatus.STARTED

"""Instance: where Dagster keeps its history: beside a local lake's datasets, so that a lake brings its own along."""

from __future__ import annotations

import os
from pathlib import Path

import dagster as dg
import psutil

from corpus.lake.store import Lake
from dagster_project.resources import LAKE, local_folder

PID_TAG = "headwater/pid"

# The same storage as the root dagster.yaml names for the default lake, so `dagster dev` shows what the demo ran.
SETTINGS = """\
telemetry:
  enabled: false
nux:
  enabled: false
concurrency:
  pools:
    default_limit: 1
"""


def use_home(lake: Lake) -> Path:
    """Points Dagster, in this process and its children, at a lake's history. Returns the folder."""
    home = local_folder(lake, "dagster").absolute()
    home.mkdir(parents=True, exist_ok=True)
    settings = home / f"dagster.yaml.{os.getpid()}"
    settings.write_text(SETTINGS)
    settings.replace(home / "dagster.yaml")
    os.environ["DAGSTER_HOME"] = str(home)
    os.environ[LAKE] = lake.url
    os.environ["DO_NOT_TRACK"] = "1"
    return home


def this_process() -> str:
    """This process, told apart from a later one of the same number."""
    return _name(psutil.Process())


def _name(process: psutil.Process) -> str:
    return f"{process.pid}@{process.create_time():.2f}"


def reconcile(instance: dg.DagsterInstance) -> int:
    """Marks the runs whose process is gone (it was killed) as failed; they would show as running for ever, and keep
    their place in the training pool, for which the next run would wait as long."""
    lost = 0
    for run in instance.get_runs(dg.RunsFilter(statuses=[dg.DagsterRunStatus.STARTED])):
        name = run.tags.get(PID_TAG)
        if name is not None and not _is_running(name):
            instance.report_run_failed(run, f"process {name} is gone; the next run goes on from its finished parts")
            instance.event_log_storage.free_concurrency_slots_for_run(run.run_id)
            lost += 1
    return lost


def _is_running(name: str) -> bool:
    try:
        return _name(psutil.Process(int(name.split("@")[0]))) == name
    except psutil.NoSuchProcess:
        return False

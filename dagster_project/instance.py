"""Instance: where Dagster keeps its history: beside a local lake's datasets, so that a lake brings its own along.

Dagster itself is imported only where it is needed, so that `headwater ui` answers a wrong argument at once.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

from corpus.lake.store import Lake
from dagster_project.folders import local_folder

if TYPE_CHECKING:
    import dagster as dg

LAKE = "HEADWATER_LAKE"
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
    """Identifies this process, and no later one of the same number."""
    return _identity(psutil.Process())


def _identity(process: psutil.Process) -> str:
    return f"{process.pid}@{process.create_time():.2f}"


def reconcile(instance: dg.DagsterInstance) -> int:
    """Marks the runs whose process was killed as failed, and returns how many there were. They would be shown as
    running for ever, and keep their slot of the training pool, for which the next run would wait."""
    import dagster as dg

    failed = 0
    for run in instance.get_runs(dg.RunsFilter(statuses=[dg.DagsterRunStatus.STARTED])):
        process = run.tags.get(PID_TAG)
        if process is not None and not _is_running(process):
            message = f"process {process} was killed; the next run continues from its finished parts"
            instance.report_run_failed(run, message)
            instance.event_log_storage.free_concurrency_slots_for_run(run.run_id)
            failed += 1
    return failed


def _is_running(identity: str) -> bool:
    try:
        return _identity(psutil.Process(int(identity.split("@")[0]))) == identity
    except psutil.NoSuchProcess:
        return False

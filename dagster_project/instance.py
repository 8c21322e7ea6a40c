"""Instance: where Dagster keeps its history: beside a local lake's datasets, so that a lake brings its own along."""

from __future__ import annotations

import os
from pathlib import Path

import dagster as dg
import psutil

from corpus.lake import Lake
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
    settings = home / "dagster.yaml"
    if not settings.exists():
        settings.write_text(SETTINGS)
    os.environ["DAGSTER_HOME"] = str(home)
    os.environ[LAKE] = lake.url
    os.environ["DO_NOT_TRACK"] = "1"
    return home


def reconcile(instance: dg.DagsterInstance) -> int:
    """Marks the runs whose process is gone (it was killed) as failed; they would show as running for ever."""
    lost = 0
    for run in instance.get_runs(dg.RunsFilter(statuses=[dg.DagsterRunStatus.STARTED])):
        pid = run.tags.get(PID_TAG)
        if pid is not None and not psutil.pid_exists(int(pid)):
            instance.report_run_failed(run, f"process {pid} is gone; the next run goes on from its finished parts")
            lost += 1
    return lost

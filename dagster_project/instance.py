"""Instance: where Dagster keeps its history: beside a local lake's datasets, so that a lake brings its own along; or
where a deployment keeps it, whose environment names its DAGSTER_HOME and the one lake that this is of.

Dagster itself is imported only where it is needed, so that `headwater ui` answers a wrong argument at once.
"""

from __future__ import annotations

import os
import socket
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

from corpus.lake.store import Lake
from dagster_project.folders import local_folder

if TYPE_CHECKING:
    import dagster as dg

LAKE, HOME = "HEADWATER_LAKE", "DAGSTER_HOME"
PID_TAG = "headwater/pid"

# The same storage as the root dagster.yaml names for the default lake, so `dagster dev` shows what the demo ran. A
# stage takes all processors, so two runs at a time. A run whose process was killed starts once more and continues from
# its finished parts; one whose stage failed does not.
CONFIGURATION = "dagster.yaml"
SETTINGS = """\
telemetry:
  enabled: false
nux:
  enabled: false
concurrency:
  pools:
    default_limit: 1
  runs:
    max_concurrent_runs: 2
run_retries:
  enabled: true
  max_retries: 1
  retry_on_asset_or_op_failure: false
freshness:
  enabled: true
"""


def use_home(lake: Lake) -> Path:
    """Points Dagster, in this process and its children, at a lake's history. Returns the folder. What a deployment of
    this lake has configured stays as it is."""
    os.environ["DO_NOT_TRACK"] = "1"
    own = local_folder(lake, "dagster").absolute()
    deployed = _deployed_home(lake)
    if deployed is not None and deployed != own:
        return deployed
    own.mkdir(parents=True, exist_ok=True)
    settings = own / f"{CONFIGURATION}.{os.getpid()}"
    settings.write_text(SETTINGS)
    settings.replace(own / CONFIGURATION)
    os.environ[HOME] = str(own)
    os.environ[LAKE] = lake.url
    return own


def _deployed_home(lake: Lake) -> Path | None:
    """DAGSTER_HOME, where it has a configuration and HEADWATER_LAKE says that it is of this lake."""
    home, url = os.environ.get(HOME), os.environ.get(LAKE)
    if not home or not url or not Path(home, CONFIGURATION).is_file() or Lake(url).url != lake.url:
        return None
    return Path(home).absolute()


def this_process() -> str:
    """Identifies this process, and no later one of the same number, and none of another machine."""
    return f"{_identity(psutil.Process())}@{socket.gethostname()}"


def _identity(process: psutil.Process) -> str:
    return f"{process.pid}@{process.create_time():.2f}"


def reconcile(instance: dg.DagsterInstance) -> int:
    """Marks the runs whose process was killed on this machine as failed, and returns how many there were. They would be
    shown as running for ever, and keep their slot of the training pool, for which the next run would wait."""
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


def _is_running(process: str) -> bool:
    """True for one of another machine, of which nothing is known here."""
    number, started, *host = process.split("@", 2)
    if host and host[0] != socket.gethostname():
        return True
    try:
        return _identity(psutil.Process(int(number))) == f"{number}@{started}"
    except psutil.NoSuchProcess:
        return False

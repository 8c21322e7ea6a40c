"""The engine when something is wrong with a worker, a stage or the command line."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import psutil
import pytest
from crashing import Count, Crash, Prepared

from corpus.lake.manifest import Counts, Manifest
from corpus.lake.stage import Stage
from corpus.lake.store import Lake
from pipelines.beam import FnApiRunner, beam
from pipelines.commands import main
from pipelines.engine import Engine
from pipelines.parts import FileSplit, StageError, file_splits
from pipelines.plan import Plan, compute, each_split, each_split_then
from pipelines.remote.phases import Phases
from pipelines.remote.worker_code import ANNOUNCED

SPLITS = [FileSplit(name=f"part-{number}", weight=1, paths={}) for number in range(4)]
STAGE = Stage(name="test", partition="p", version=1, config=None)


@pytest.mark.parametrize("workers", [1, 2])
def test_a_worker_that_dies_ends_the_stage_and_the_next_run_goes_on(workers: int, tmp_path: Path) -> None:
    lake = Lake(str(tmp_path))
    with pytest.raises(StageError, match=r"part-2: a worker ended with exit status 137.*nothing was published"):
        compute(lake, STAGE, Engine(workers=workers), lambda: each_split(SPLITS, Crash()))
    assert not list(lake.datasets())
    outcome = compute(lake, STAGE, Engine(workers=workers), lambda: each_split(SPLITS, Count()))
    assert outcome.manifest.counts.kept == len(SPLITS)


def test_what_workers_need_is_loaded_in_one_process_for_all_workers_and_stages(tmp_path: Path) -> None:
    lake, notes = Lake(str(tmp_path / "lake")), tmp_path / "notes"
    for name in ("one", "two"):
        compute(lake, replace(STAGE, name=name), Engine(workers=2), lambda: each_split(SPLITS, Prepared(str(notes))))
    lines = notes.read_text().splitlines()
    assert sum(line.startswith("set up") for line in lines) == 4
    assert len({line.split()[-1] for line in lines}) == 1


ENDLESS = """
import signal, sys
from crashing import Endless
from test_engine import SPLITS, STAGE, Engine, Lake, compute, each_split

def end(*_):
    raise SystemExit(143)

handled, ignored = sys.argv[2:]
signal.signal(int(handled), end)
signal.signal(int(ignored), signal.SIG_IGN)
compute(Lake(sys.argv[1]), STAGE, Engine(workers=2), lambda: each_split(SPLITS, Endless()))
"""


@pytest.mark.parametrize(
    ("handled", "ignored"), [(signal.SIGTERM, signal.SIGINT), (signal.SIGINT, signal.SIGTERM)], ids=["TERM", "INT"]
)
def test_a_signal_ends_a_stage_and_its_workers(handled: int, ignored: int, tmp_path: Path) -> None:
    """Also where a shell's background job ignores the other one."""
    path = os.pathsep.join([*sys.path, str(Path(__file__).parent)])
    process = subprocess.Popen(
        [sys.executable, "-c", ENDLESS, str(tmp_path), str(int(handled)), str(int(ignored))],
        env={**os.environ, "PYTHONPATH": path},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    assert process.stdout is not None
    assert [process.stdout.readline() for _ in range(2)] == [b"begun\n"] * 2
    processes = psutil.Process(process.pid).children(recursive=True)
    process.send_signal(handled)
    assert process.wait(20) != 0
    assert not psutil.wait_procs(processes, timeout=20)[1]
    process.stdout.close()
    assert not list(Lake(str(tmp_path)).datasets())


def test_a_run_leaves_no_folder_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "temporary"))
    (tmp_path / "temporary").mkdir()
    with pytest.raises(StageError):
        compute(Lake(str(tmp_path)), STAGE, Engine(workers=2), lambda: each_split(SPLITS, Crash()))
    assert not list((tmp_path / "temporary").iterdir())


def test_what_engines_of_other_machines_run_makes_the_same_parts(tmp_path: Path) -> None:
    made = []
    for name in ("here", "elsewhere"):
        lake = Lake(str(tmp_path / name))
        plan = each_split_then(SPLITS, Count(), Count(), [])
        if name == "here":
            Engine(workers=2).run(lake.url, lake.path("a", "b"), plan.phases, "test")
        else:
            with beam.Pipeline(runner=FnApiRunner()) as pipeline:
                pipeline | Phases(lake.url, lake.path("a", "b"), plan.phases)
        files = [path for path in (tmp_path / name).rglob("*") if path.is_file() and path.name != ANNOUNCED]
        made.append({path.name: path.read_bytes() for path in files})
    assert made[0] == made[1] and len(made[0]) >= len(plan.parts)


def test_records_that_go_missing_are_never_published(tmp_path: Path) -> None:
    lake = Lake(str(tmp_path))

    def plan() -> Plan:
        return replace(each_split(SPLITS, Count()), records=5)

    with pytest.raises(StageError, match="hold 5 records, it met 4"):
        compute(lake, STAGE, Engine(workers=1), plan)
    assert not list(lake.datasets())


def test_two_datasets_of_one_name_are_refused(tmp_path: Path) -> None:
    counts = Counts(records_in=0, kept=0)
    one = Manifest(stage="clean", partition="c", code_version="1", config={}, inputs={}, files=(), counts=counts)
    with pytest.raises(ValueError, match="two datasets of one name"):
        file_splits(Lake(str(tmp_path)), {"documents": [one, replace(one, inputs={"a": "b"})]})


def test_a_mistyped_flag_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["clean", "documents/0", "--lake", str(tmp_path), "--langauge-score", "0.9"])
    assert "unknown arguments: --langauge-score 0.9" in capsys.readouterr().err

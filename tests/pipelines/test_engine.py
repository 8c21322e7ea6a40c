"""The engine when something is wrong with a worker, a stage or the command line."""

from __future__ import annotations

import signal
from dataclasses import replace
from pathlib import Path
from typing import Any

import crashing
import pytest
from crashing import Count, Crash

from corpus.lake.manifest import Counts, Manifest
from corpus.lake.stage import Stage
from corpus.lake.store import Lake
from pipelines.__main__ import main
from pipelines.engine import Engine
from pipelines.parts import FileSplit, StageError, file_splits
from pipelines.plan import Plan, compute, each_split

SPLITS = [FileSplit(name=f"part-{number}", weight=1, paths={}) for number in range(4)]
STAGE = Stage(name="test", partition="p", version=1, config=None)


# Beam's own threads end with errors of theirs when their worker is gone.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
@pytest.mark.parametrize("interrupts", [signal.default_int_handler, signal.SIG_IGN], ids=["terminal", "background"])
def test_a_worker_that_dies_ends_the_stage_and_the_next_run_goes_on(
    interrupts: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a shell's background job too, which ignores interrupts."""
    before = signal.signal(signal.SIGINT, interrupts)
    monkeypatch.setenv("PYTHONPATH", str(Path(crashing.__file__).parent))  # for the workers
    lake = Lake(str(tmp_path))
    with pytest.raises(StageError, match=r"a worker ended with exit status 137.*nothing was published"):
        compute(lake, STAGE, Engine(workers=2), lambda: each_split(lake, STAGE, SPLITS, Crash()))
    signal.signal(signal.SIGINT, before)
    assert not list(lake.datasets())
    outcome = compute(lake, STAGE, Engine(workers=1), lambda: each_split(lake, STAGE, SPLITS, Count()))
    assert outcome.manifest.counts.kept == len(SPLITS)


def test_records_that_go_missing_are_never_published(tmp_path: Path) -> None:
    lake = Lake(str(tmp_path))

    def plan() -> Plan:
        return replace(each_split(lake, STAGE, SPLITS, Count()), records=5)

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

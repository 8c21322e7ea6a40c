"""Trials as they are: recipes trained in a lake, one that is killed, one that is hopeless, and what is left of them."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from graphs import SMALL, Graph

import headwater
from corpus.lake.store import Lake
from corpus.sources import crawl_id
from dagster_project.tuning_studies import study_folder
from headwater.cli import main
from headwater.logs import divert_stdout
from headwater.tuning.ranges import check_ranges, parse_range
from headwater.tuning.search import run_trials
from headwater.tuning.study import Plan, open_study, repeat_killed
from headwater.tuning.table import rows
from headwater.tuning.trials import HopelessError, Trainer, watched
from headwater.tuning.watching import read_losses
from pipelines.engine import Engine
from recipes import named

RATES = "training.learning_rate=1e-4,1e-2"
KILLED = """
import sys
from graphs import SMALL
from headwater.cli import main
from recipes import named
named.RECIPES["base"] = SMALL
sys.exit(main(sys.argv[1:]))
"""


@pytest.fixture(scope="module")
def lake(graph_lake: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lake]:
    """In which `base` is computed."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(named.RECIPES, "base", SMALL)
        yield Lake(str(shutil.copytree(graph_lake, tmp_path_factory.mktemp("tune") / "lake")))


def trainer_of(lake: Lake, graph: Graph) -> Trainer:
    return Trainer(
        lake=lake.url,
        base="base",
        crawls=(graph.key,),
        ids=(crawl_id(graph.key),),
        study="base-tuning",
        measure="held_out_loss",
        engine=Engine(workers=1),
    )


def test_a_study_that_was_killed_in_a_trial_goes_on_with_it(graph: Graph, lake: Lake) -> None:
    words = ["tune", "base", "--set-range", RATES, "--method", "grid", "--trials", "2", "--lake", lake.url]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    command = [sys.executable, "-c", KILLED, *words, "--crawl", graph.key, "--workers", "1"]
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)
    log = study_folder(lake, "base-tuning") / "logs" / "base-tuning.trial1.log"
    deadline = time.monotonic() + 120
    while not (log.is_file() and "steps of 1024 tokens" in log.read_text()):
        assert process.poll() is None and time.monotonic() < deadline
        time.sleep(0.1)
    process.send_signal(signal.SIGKILL)
    process.wait()
    plan = Plan(
        name="base-tuning",
        recipe="base",
        ranges=check_ranges(SMALL, [parse_range(RATES)]),
        measure="held_out_loss",
        ids=(crawl_id(graph.key),),
        method="grid",
        trials=2,
    )
    folder = study_folder(lake, plan.name)
    storage = str(folder / "study.db")
    [running] = rows(open_study(plan, SMALL, storage), plan)
    assert (running.trial, running.state) == (1, "running")
    assert repeat_killed(open_study(plan, SMALL, storage)) == 1
    said: list[str] = []
    run_trials(plan, SMALL, storage, folder, trainer_of(lake, graph), said.append)
    first, second = rows(open_study(plan, SMALL, storage), plan)
    assert first.settings == running.settings and first.state == second.state == "complete"
    assert first.value is not None and second.value is not None and second.value < first.value
    assert sorted(first.along) == sorted(second.along) and len(first.along) == 8, "a loss at each of eight steps"
    assert [line.split("  ")[0] for line in said] == ["trial 1 of 2", "trial 2 of 2"]
    view = headwater.open(lake.url, "base-tuning.trial2")
    assert view.datasets("shards")[0].address == headwater.open(lake.url, "base").datasets("shards")[0].address


def test_a_hopeless_trial_ends_and_publishes_nothing(graph: Graph, lake: Lake) -> None:
    models = len(list(lake.datasets("checkpoint")))
    runs = sorted((Path(lake.root) / "runs").iterdir())
    losses: list[float] = []

    def report(number: int, loss: float) -> bool:
        losses.append(loss)
        return False

    changes = {"training": {"learning_rate": 1e-5, "tokens": 65_536, **watched(SMALL, True)}}
    with divert_stdout(quiet=True), pytest.raises(HopelessError, match="stopped at step 1"):
        trainer_of(lake, graph)("hopeless", changes, report)
    assert len(losses) == 1
    assert len(list(lake.datasets("checkpoint"))) == models
    assert sorted((Path(lake.root) / "runs").iterdir()) == runs


def test_a_loss_that_is_not_written_to_its_end_is_left_for_later(tmp_path: Path) -> None:
    metrics = tmp_path / "metrics.jsonl"
    assert list(read_losses(metrics)) == []
    metrics.write_text(
        '{"heldout_loss":9.5,"step":0}\n{"loss":7.0,"step":4,"tokens":4096}\n{"heldout_loss":7.5,"step":4}\n'
        '{"heldout_loss":null,"step":8}\n{"heldout_loss":6.1,"st'
    )
    assert list(read_losses(metrics)) == [(4, 7.5), (8, float("inf"))]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "there is nothing to choose: give --set-range"),
        (["--set-range", "training.dropout=0:1"], "dropout is 1.0"),
        (["--set-range", "duplicates.threshold=0.6:0.9", "--pruner", "median"], "give --pruner none"),
        (["--set-range", "training.layers=1:9", "--method", "grid", "--trials", "5"], "give --trials 9"),
    ],
)
def test_what_cannot_be_is_refused_before_anything_runs(
    words: list[str], message: str, graph: Graph, lake: Lake, capfd: pytest.CaptureFixture[str]
) -> None:
    code = main(["tune", "base", "--study", "refused", "--crawl", graph.key, "--lake", lake.url, *words])
    printed = capfd.readouterr()
    assert (code, printed.out) == (1, "") and message in printed.err
    assert not study_folder(lake, "refused").exists()


def test_without_optuna_it_says_what_to_install(
    lake: Lake, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "optuna", None)
    assert main(["tune", "base", "--set-range", RATES, "--lake", lake.url]) == 1
    assert capsys.readouterr().err == "error: tuning needs optuna: pip install 'headwater[tune]'\n"

"""A study with a trial's training replaced by a formula: what is tried, stopped, continued and written."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from corpus.lake.store import Lake
from dagster_project.lineage import latest
from dagster_project.tuning_studies import read_study
from headwater.tuning import tuning
from headwater.tuning.comparison import compare
from headwater.tuning.page import write_page
from headwater.tuning.ranges import check_ranges, parse_range
from headwater.tuning.search import run_trials
from headwater.tuning.study import METHODS, Plan, open_study, repeat_killed
from headwater.tuning.table import Row, as_csv, rows
from headwater.tuning.trials import HopelessError, Report
from pipelines.engine import Engine
from recipes import named

BASE = named.demo()
RANGES = check_ranges(
    BASE, [parse_range("training.learning_rate=1e-4:1e-1:log"), parse_range("training.beta1=0.5:0.99")]
)
BEST = 1e-2
TRIALS = {"grid": 4, "random": 6, "tpe": 11, "gp": 11}  # the last of two methods begin with ten at random

KILLED = {"grid": 12, "random": 33, "tpe": 86, "gp": 86}  # the loss, of nine a trial, that it is killed at


class Formula:
    """A loss that is least at a learning rate of 0.01, falls along the way, and has a seed's luck."""

    def __init__(self, killed_at: int | None = None) -> None:
        self.names: list[str] = []
        self.evaluations = 0
        self.killed_at = killed_at  # the number of the loss in all trials after which the process ends

    def __call__(self, name: str, changes: Mapping[str, Any], report: Report | None) -> float:
        self.names.append(name)
        training = changes["training"]
        rate = training.get("learning_rate", BASE.training.settings().learning_rate)
        luck = 0.01 * math.sin(training.get("seed", 0))
        loss = 3 + math.log10(rate / BEST) ** 2 + luck
        if rate > 0.09:
            raise HopelessError("diverged")
        for number in range(1, 10):
            self.evaluations += 1
            if self.evaluations == self.killed_at:
                raise KeyboardInterrupt
            if report and not report(number, loss + (9 - number)) and number < 9:
                raise HopelessError(f"stopped at step {number}")
        return loss


def plan_of(name: str = "study", **given: Any) -> Plan:
    return Plan(name=name, recipe="demo", ranges=RANGES, measure="held_out_loss", ids=("stdlib",), **given)


def run(folder: Path, plan: Plan, train: Formula) -> list[Row]:
    folder.mkdir(exist_ok=True)
    study = open_study(plan, BASE, str(folder / "study.db"))
    repeat_killed(study)
    run_trials(plan, BASE, str(folder / "study.db"), folder, train, lambda line: None)
    return rows(study, plan)


@pytest.mark.parametrize("method", METHODS)
def test_every_method_gives_the_same_trials_again_also_after_a_kill(method: str, tmp_path: Path) -> None:
    pruner = "median" if method == "random" else "none"
    plan = plan_of(method=method, pruner=pruner, trials=TRIALS[method])
    unbroken = as_csv(run(tmp_path / "a", plan, Formula()), plan)
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path / "b", plan, Formula(killed_at=KILLED[method]))
    assert as_csv(run(tmp_path / "b", plan, Formula()), plan) == unbroken
    assert len(unbroken.splitlines()) == 1 + plan.trials


@pytest.mark.parametrize("pruner", ["median", "hyperband"])
def test_hopeless_trials_are_stopped_and_recorded_without_a_value(pruner: str, tmp_path: Path) -> None:
    found = run(tmp_path, plan_of(method="random", pruner=pruner, trials=12), Formula())
    stopped = [row for row in found if row.note.startswith("stopped at step")]
    complete = [row.value for row in found if row.value is not None]
    assert stopped and all(row.value is None and len(row.along) < 9 for row in stopped)
    assert min(complete) < 3.3, "the good ones went on"
    if pruner == "median":
        assert min(len(row.along) for row in stopped) >= 3 and not any(found[number] in stopped for number in range(5))


def test_without_a_pruner_nothing_is_stopped_and_what_diverges_is_said(tmp_path: Path) -> None:
    plan = plan_of(method="grid", pruner="none", trials=9)
    found = run(tmp_path, plan, Formula())
    assert {row.note for row in found if row.value is None} == {"diverged"}
    assert [row.settings["training.learning_rate"] for row in found if row.note] == [0.1] * 3


def test_tpe_comes_closer_than_its_first_trials(tmp_path: Path) -> None:
    found = run(tmp_path, plan_of(trials=18, pruner="none"), Formula())
    values = [row.value or math.inf for row in found]
    assert min(values[10:]) < min(values[:10])


def test_a_study_goes_on_with_more_trials_and_refuses_to_become_another(tmp_path: Path) -> None:
    first = run(tmp_path, plan_of(trials=3), Formula())
    more = run(tmp_path, plan_of(trials=5), train := Formula())
    assert more[:3] == first and train.names == ["study.trial4", "study.trial5"]
    with pytest.raises(ValueError, match="the study study has another method, seed"):
        open_study(plan_of(trials=5, seed=1, method="random"), BASE, str(tmp_path / "study.db"))


def test_the_best_are_trained_again_with_new_seeds_beside_the_base(tmp_path: Path) -> None:
    plan = plan_of(trials=6, method="random", pruner="none")
    found = run(tmp_path, plan, Formula())
    study = open_study(plan, BASE, str(tmp_path / "study.db"))
    again = compare(plan, BASE, study, train := Formula(), 3, lambda line: None)
    assert again.seeds == (1, 2, 3) and len(again.candidates) == 3
    assert train.names[:3] == ["study.base.seed1", "study.base.seed2", "study.base.seed3"] and len(train.names) == 12
    best = min(row.value for row in found if row.value is not None)
    assert min(one.first_loss for one in again.candidates) == best
    base = 3 + math.log10(8e-3 / BEST) ** 2
    for one in again.candidates:
        rate = one.settings["training.learning_rate"]
        assert one.difference.value == pytest.approx(3 + math.log10(rate / BEST) ** 2 - base), (
            "a seed's luck is on both"
        )


def test_the_page_shows_the_trials_and_optunas_plots(tmp_path: Path) -> None:
    plan = plan_of(trials=8, pruner="median")
    found = run(tmp_path, plan, Formula())
    study = open_study(plan, BASE, str(tmp_path / "study.db"))
    page = write_page(tmp_path, plan, study, found, None, None).read_text()
    assert {path.stem for path in tmp_path.glob("*.svg")} == {
        "history",
        "importance",
        "slices",
        "parallel",
        "on_the_way",
    }
    assert page.count("<img ") == 5 and page.count("<tr><td>") == 8
    assert (tmp_path / "trials.csv").read_text() == as_csv(found, plan)
    before = {path: path.read_bytes() for path in tmp_path.glob("*.svg")}
    write_page(tmp_path, plan, study, found, None, None)
    assert {path: path.read_bytes() for path in tmp_path.glob("*.svg")} == before


def test_a_study_that_has_come_to_its_end_is_left_for_reports_and_dagster(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Trained(Formula):
        measure = "held_out_loss"

        def compute_data(self) -> None: ...

    monkeypatch.setattr(tuning, "Trainer", lambda **given: Trained())
    monkeypatch.delenv("DAGSTER_HOME", raising=False)
    lake = Lake(str(tmp_path))
    options = tuning.Options(recipe="demo", ranges=RANGES, trials=4, method="random", seeds=2)
    found = tuning.tune(lake, options, ["stdlib"], Engine(workers=1), lambda line: None)
    study = read_study(lake, "demo-tuning")
    assert found.comparison is not None
    assert [one["value"] for one in study["trials"]] == [row.value for row in found.trials]
    assert [one["p_holm"] for one in study["comparison"]["candidates"]] == [
        one.p_holm for one in found.comparison.candidates
    ]
    assert (study["recipe"], study["written"]) == ("demo", found.written)
    with dg.DagsterInstance.get() as instance:
        assert instance.get_dynamic_partitions("studies") == ["demo-tuning"]
        shown = latest(instance, "tuning_study", "demo-tuning")
    assert shown is not None and shown["best_value"] == study["best"]["value"]

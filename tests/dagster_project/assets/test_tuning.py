"""A study of `headwater tune` in Dagster and in the reports of its recipes, read from the file that it leaves."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import dagster as dg
import pytest
from graphs import SMALL, Graph
from lxml import html

from corpus.lake.store import Lake
from dagster_project.assets.reports import report
from dagster_project.assets.tuning import tuning_study
from dagster_project.lineage import latest
from dagster_project.tuning_studies import read_study, studies_of, study_folder
from headwater.tuning.comparison import Candidate, Comparison
from headwater.tuning.ranges import parse_range
from headwater.tuning.study import Plan
from headwater.tuning.study_file import write_study
from headwater.tuning.table import Row
from recipes import named as recipes
from training.significance.paired_seeds import compare_paired

RATE = "training.learning_rate"
BASE, LOSSES = (5.0, 5.1, 5.05), (4.6, 4.72, 4.63)


def write(lake: Lake, name: str = "rates <1>", recipe: str = "base", best: float = 0.01) -> None:
    """Of three trials, one of them stopped."""
    plan = Plan(
        name=name,
        recipe=recipe,
        ranges=(parse_range(f"{RATE}=1e-4:1e-1:log"),),
        measure="held_out_loss",
        ids=("my-crawl",),
    )
    trials = [
        Row(trial=1, state="complete", settings={RATE: 0.002}, value=5.25, along={1: 6.0}, seconds=2.0, note=""),
        Row(trial=2, state="complete", settings={RATE: best}, value=4.75, along={1: 5.5}, seconds=3.0, note=""),
        Row(
            trial=3, state="stopped", settings={RATE: 0.09}, value=None, along={}, seconds=1.0, note="stopped at step 2"
        ),
    ]
    difference = compare_paired(BASE, LOSSES)
    candidate = Candidate(
        trial=2, settings={RATE: best}, first_loss=4.75, losses=LOSSES, difference=difference, p_holm=difference.p
    )
    again = Comparison(seeds=(1, 2, 3), base_losses=BASE, base_spread=0.05, candidates=(candidate,), diverged=())
    study_folder(lake, name).mkdir(parents=True, exist_ok=True)
    write_study(study_folder(lake, name), plan, trials, again, f"{recipe}-tuned")


@pytest.fixture
def mine(graph: Graph, tmp_path: Path) -> Iterator[Graph]:
    """A lake of its own: other tests count the datasets of theirs."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(recipes.RECIPES, "base", SMALL)
        yield replace(graph, lake=Lake(str(shutil.copytree(graph.lake.root, tmp_path / "lake"))))


def test_a_study_belongs_to_its_recipe_and_to_the_one_that_came_of_it(tmp_path: Path) -> None:
    lake = Lake(str(tmp_path))
    assert list(studies_of(lake, "base")) == []
    write(lake)
    write(lake, "other", "demo")
    before = (study_folder(lake, "other") / "study.json").read_bytes()
    write(lake, "other", "demo")
    assert (study_folder(lake, "other") / "study.json").read_bytes() == before
    for recipe, name in (("base", "rates <1>"), ("base-tuned", "rates <1>"), ("demo", "other")):
        assert [one["name"] for one in studies_of(lake, recipe)] == [name]
    found = read_study(lake, "rates <1>")
    assert found["counts"] == {"complete": 2, "stopped": 1}
    assert found["best"] == {"trial": 2, "settings": {RATE: 0.01}, "value": 4.75}
    assert found["ranges"] == {RATE: "0.0001 to 0.1, log"}


def test_a_study_is_a_partition_with_its_trials_and_its_comparison(mine: Graph) -> None:
    write(mine.lake, "rates")
    mine.instance.add_dynamic_partitions("studies", ["rates", "none"])
    assert mine.materialize([tuning_study], "rates").success
    shown = latest(mine.instance, "tuning_study", "rates")
    assert shown is not None
    assert (shown["recipe"], shown["best_value"], shown["best_trial"]) == ("base", 4.75, 2)
    assert (shown["trials:complete"], shown["trials:stopped"], shown["written"]) == (2, 1, "base-tuned")
    assert "stopped at step 2" in shown["trials"] and "-0.4000" in shown["comparison"]
    with pytest.raises(dg.Failure, match="is not there: `headwater tune RECIPE --study none` writes it at its end"):
        mine.materialize([tuning_study], "none")


def test_the_report_has_a_section_of_each_study_and_is_written_anew_for_another(mine: Graph) -> None:
    def written() -> tuple[dict[str, object], str]:
        assert mine.materialize([report], "base").success
        page = Path(str((latest(mine.instance, "report", "base") or {})["path"]))
        return json.loads(page.with_name("report.json").read_text()), page.read_text()

    assert "tuning" not in html.document_fromstring(written()[1]).xpath("//section/@id")
    write(mine.lake)
    found, text = written()
    page = html.document_fromstring(text)
    [section] = page.xpath("//section[@id='tuning']")
    said = " ".join(section.text_content().split())
    assert "3 trials of the recipe base, chosen by tpe with seed 0; 2 complete, 1 stopped (pruner: median)" in said
    assert "-0.4000" in said and "Written: the recipe base-tuned." in said
    assert section.xpath(".//h3/text()") == ["rates <1>"]
    assert "../../tuning/rates%20%3C1%3E/index.html" in section.xpath(".//a/@href")
    drawing = json.loads(page.xpath("string(//script[@id='drawings'])"))["study-rates <1>"]
    trials, best = (one["data"] for one in drawing["option"]["series"])
    assert trials == [[1, 5.25], [2, 4.75]] and best == [[1, 5.25], [2, 4.75]]
    assert page.xpath("//a[@href='#tuning']")
    before = found["made_of"]
    assert written()[0]["made_of"] == before
    write(mine.lake, best=0.02)
    assert written()[0]["made_of"] != before

"""Risks of a recipe's model: known by model, texts and files, shown in the report, followed down to the crawl."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import dagster as dg
import pytest
from graphs import SMALL, Graph

from corpus.cards.markdown import escape_markup
from corpus.lake.manifest import Manifest
from corpus.lake.store import Lake
from dagster_project.assets.cards import model_card
from dagster_project.assets.reports import report
from dagster_project.assets.risk_findings import read_findings, risks
from dagster_project.lineage import datasets_of, latest
from recipes import named as recipes
from recipes.changes import change


@pytest.fixture
def mine(graph: Graph, tmp_path: Path) -> Graph:
    """A lake of its own: other tests count the datasets of theirs."""
    return replace(graph, lake=Lake(str(shutil.copytree(graph.lake.root, tmp_path / "lake"))))


def measure(mine: Graph, settings: dict[str, object], *more: dg.AssetsDefinition) -> Manifest:
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(recipes.RECIPES, "base", change(SMALL, {"risks": settings}))
        assert mine.materialize([risks, *more], "base").success
    [manifest] = datasets_of(mine.lake, latest(mine.instance, "risks", "base") or {})
    return manifest


def test_findings_of_a_checkpoint_and_its_texts(mine: Graph, tmp_path: Path) -> None:
    words = tmp_path / "lists"
    words.mkdir()
    (words / "en").write_text("module\n")
    settings: dict[str, object] = {"texts": 4, "bad_words": str(words)}
    made = measure(mine, settings, model_card, report)
    found = read_findings(mine.lake, made)
    assert {one["risk"] for one in found} >= {"robustness", "memorisation", "membership", "personal data"}
    assert made.figures["findings"] == len(found) and "bad_words/en" in made.inputs
    [checkpoint] = datasets_of(mine.lake, latest(mine.instance, "checkpoint", "base") or {})
    assert checkpoint.address in made.sources.values()
    page = Path(str((latest(mine.instance, "report", "base") or {})["path"]))
    assert json.loads(page.with_name("report.json").read_text())["risks"] == found
    assert "What the model may do wrong" in page.read_text() and 'href="#risks"' in page.read_text()
    # So has the card, with where they are from.
    card = Path(mine.lake.folder(checkpoint), "README.md").read_text().partition("## Risks")[2]
    assert made.digest in card and "at most, and with the files of bad_words." in " ".join(card.split())
    for one in found:
        value = f"{one['value']:.3f} | {one['low']:.3f} to {one['high']:.3f} | {one['items']:,} |"
        assert f"| {one['risk']} | {escape_markup(one['measure'])} | {one['group']} | {value}" in card
    # The same question has the same answer; another list is another one.
    assert measure(mine, settings).address == made.address
    (words / "en").write_text("function\n")
    assert measure(mine, settings).address != made.address


def test_a_file_that_is_not_there_is_named(mine: Graph) -> None:
    with pytest.raises(dg.Failure, match=r"risks\.bias = nowhere: there is no such file, or folder of files"):
        measure(mine, {"bias": "nowhere"})
    with pytest.raises(ValueError, match="texts 0: at least 1 is needed"):
        measure(mine, {"texts": 0})

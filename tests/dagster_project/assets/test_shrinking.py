"""Smaller models of a recipe's model: known by model and settings, with what they lost, shown in the report, followed
down to the crawl."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import dagster as dg
import pytest
from graphs import SMALL, Graph

from corpus.lake.manifest import Manifest
from corpus.lake.store import Lake
from dagster_project.assets.reports import report
from dagster_project.assets.scores import read_score
from dagster_project.assets.shrinking import shrunk
from dagster_project.lineage import datasets_of, latest
from headwater.scores import list_scores
from headwater.tracing.score_trace import trace_score
from recipes import named as recipes
from recipes.changes import change
from training.checkpoints.export import load_causal


@pytest.fixture
def mine(graph: Graph, tmp_path: Path) -> Graph:
    """A lake of its own: other tests count the datasets of theirs."""
    return replace(graph, lake=Lake(str(shutil.copytree(graph.lake.root, tmp_path / "lake"))))


def materialize(mine: Graph, models: Mapping[str, object], *assets: dg.AssetsDefinition) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(recipes.RECIPES, "base", change(SMALL, {"shrink": models}))
        assert mine.materialize([*assets], "base").success


def shrink(mine: Graph, models: Mapping[str, object], *more: dg.AssetsDefinition) -> list[Manifest]:
    materialize(mine, models, shrunk, *more)
    return datasets_of(mine.lake, latest(mine.instance, "shrunk", "base") or {})


def test_smaller_models_with_what_they_lost(mine: Graph) -> None:
    settings = {"int8": {"bits": 8}, "small": {"layers": 1, "bits": 4, "tokens": 2_048, "distill": True}}
    int8, small = shrink(mine, settings, report)
    [checkpoint] = datasets_of(mine.lake, latest(mine.instance, "checkpoint", "base") or {})
    assert {checkpoint.address} <= set(int8.sources.values()) & set(small.sources.values())
    # Each is a checkpoint like any other.
    folder = Path(mine.lake.folder(small)) / "model"
    assert load_causal(folder).config.num_hidden_layers == 1
    about = json.loads((folder / "shrunk.json").read_text())
    assert about["further"]["tokens"] == 2_048 and about["rounded"] == "calibrated"
    # It is smaller, and what it lost is the difference between the two scores, over the same pages.
    before, after = int8.figures["before"], int8.figures["after"]
    assert before["weights"] == after["weights"] and 8 < after["bits_a_weight"] < 10 < before["bits_a_weight"]
    assert small.figures["after"]["weights"] < before["weights"] and small.figures["after"]["bits_a_weight"] < 8
    [whole] = datasets_of(mine.lake, latest(mine.instance, "scores/bits_per_byte", "base") or {})
    found, apart = read_score(mine.lake, int8), int8.figures["difference"]
    assert apart["a"] == pytest.approx(read_score(mine.lake, whole)["score"]["value"])
    assert apart["value"] == pytest.approx(found["score"]["value"] - apart["a"])
    assert apart["low"] <= apart["value"] <= apart["high"] and apart["low"] < apart["high"]
    # From the number down to records of the crawl.
    [listed] = [one for one in list_scores(mine.lake) if one.task == "shrink.small"]
    assert (listed.n, listed.checkpoint) == (found["n"], checkpoint.digest)
    assert listed.baselines == {"before": pytest.approx(apart["a"])}
    [trace] = trace_score(mine.lake, "shrink.int8")
    assert trace.compared == trace.equal > 0
    # The report has both.
    page = Path(str((latest(mine.instance, "report", "base") or {})["path"]))
    rows = json.loads(page.with_name("report.json").read_text())["shrunk"]
    assert [one["name"] for one in rows] == ["int8", "small"] and rows[0]["difference"] == apart
    assert rows[1]["settings"] == "layers = 1, bits = 4, tokens = 2048, distill = true"
    assert 'href="#shrunk"' in page.read_text() and f"{apart['value']:+.4f}" in page.read_text()
    # The same question has the same answer, and where that is gone the same bytes; reports do without it.
    shutil.rmtree(mine.lake.folder(small))
    materialize(mine, settings, report)
    assert [one["name"] for one in json.loads(page.with_name("report.json").read_text())["shrunk"]] == ["int8"]
    assert shrink(mine, settings) == [int8, small]


def test_a_recipe_without_models_has_none(mine: Graph) -> None:
    assert shrink(mine, {}, report) == []
    page = Path(str((latest(mine.instance, "report", "base") or {})["path"]))
    assert "Shrunk models" not in page.read_text()


@pytest.mark.parametrize(
    ("model", "said"),
    [
        ({}, "shrink.mine: nothing to do: give bits, prune, heads, layers, or tokens"),
        ({"bits": 3}, "shrink.mine: bits is 3; it must be one of 8, 4"),
        ({"bits": 8, "distill": True}, "shrink.mine: distill learns while it trains: give tokens as well"),
        ({"layers": 9}, r"shrink\.mine: .*--layers 9: the model has 4; give fewer"),
    ],
)
def test_what_cannot_be_names_the_model(mine: Graph, model: dict[str, object], said: str) -> None:
    with pytest.raises((ValueError, dg.Failure), match=said):
        shrink(mine, {"mine": model})

"""A recipe whose training begins with the weights of a folder: its checkpoint is known by their bytes."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from graphs import SMALL, Graph

from corpus.lake.store import Lake
from dagster_project.assets.model import checkpoint
from dagster_project.lineage import datasets_of, latest
from recipes import named as recipes
from recipes.training import TrainingConfig
from training.checkpoints.start import open_start

EPOCHS = 0.02


def test_the_address_follows_the_bytes_of_the_start(graph: Graph, tmp_path: Path) -> None:
    [first] = datasets_of(graph.lake, latest(graph.instance, "checkpoint", "base") or {})
    begun = Path(graph.lake.folder(first)) / "model"
    elsewhere = Path(shutil.copytree(begun, tmp_path / "elsewhere"))
    # A lake of its own: other tests count the datasets of theirs.
    mine = replace(graph, lake=Lake(str(shutil.copytree(graph.lake.root, tmp_path / "lake"))))
    shown: list[Any] = []
    try:
        with pytest.MonkeyPatch.context() as patch:
            for folder in (begun, elsewhere):
                training = TrainingConfig(start=str(folder), freeze=1, tokens=10**9, max_epochs=EPOCHS, along=0)
                patch.setitem(recipes.RECIPES, "base", replace(SMALL, training=training))
                assert mine.materialize([checkpoint], "base").success
                shown.append(latest(graph.instance, "checkpoint", "base"))
    finally:
        assert graph.materialize([checkpoint], "base").success  # the newest is that of the graph again
    assert [one["reused"] for one in shown] == [False, True]
    made, found = (datasets_of(mine.lake, one)[0] for one in shown)
    assert made.address == found.address != first.address
    assert made.inputs["start"] == open_start(str(begun)).digest and "start" not in first.inputs
    assert made.inputs["start"] in (Path(mine.lake.folder(made)) / "README.md").read_text()
    state = json.loads((Path(mine.lake.folder(made)) / "model" / "state.json").read_bytes())
    assert (state["run"]["start"], state["run"]["train"]["freeze"]) == (made.inputs["start"], 1)
    [shards] = datasets_of(graph.lake, latest(graph.instance, "shards", "base") or {})
    assert state["run"]["train"]["tokens"] == int(EPOCHS * shards.figures["train_tokens"])


def test_a_start_that_is_not_there_is_said_before_anything_is_trained(graph: Graph, tmp_path: Path) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(recipes.RECIPES, "base", replace(SMALL, training=TrainingConfig(start=str(tmp_path))))
        with pytest.raises((FileNotFoundError, dg.Failure), match="holds no checkpoint; give the --out folder"):
            graph.materialize([checkpoint], "base")

"""A recipe in a file beside one that is built in: what they share, two reports, and their scores side by side."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from graphs import Graph

from corpus.lake.current import open_recipe
from corpus.lake.store import Lake
from dagster_project.definitions import RECIPE_ASSETS, clean, documents, signatures, trimmed
from dagster_project.partitions import crawl_recipe_key
from headwater.cli import main

BEFORE_TRAINING = ("documents", "clean", "unique", "split", "items", "tokens", "shards")
WIDE = 'base = "base"\ntraining.width = 256\ntraining.layers = 2\ntraining.seed = 5\n'


@pytest.fixture(scope="module")
def two(graph: Graph, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Graph]:
    """The graph under `base`, and under a file that differs in the model."""
    lake = Path(shutil.copytree(graph.lake.root, tmp_path_factory.mktemp("two") / "lake"))
    (lake / "recipes").mkdir()
    (lake / "recipes" / "wide.toml").write_text(WIDE)
    mine = replace(graph, lake=Lake(str(lake)))
    graph.instance.add_dynamic_partitions("recipes", ["wide"])
    assert mine.materialize([documents, clean, trimmed, signatures], crawl_recipe_key(graph.key, "wide")).success
    assert mine.materialize(RECIPE_ASSETS, "wide").success
    yield mine


def test_what_comes_before_the_difference_is_shared(two: Graph) -> None:
    base, wide = (
        {dataset.stage: dataset.address for dataset in open_recipe(two.lake.url, recipe).datasets()}
        for recipe in ("base", "wide")
    )
    for stage in BEFORE_TRAINING:
        assert base[stage] == wide[stage], stage
    assert base["checkpoint"] != wide["checkpoint"]


def test_the_model_has_the_shape_that_the_file_names(two: Graph) -> None:
    [model] = open_recipe(two.lake.url, "wide").datasets("checkpoint")
    said = json.loads((Path(two.lake.folder(model)) / "model" / "config.json").read_text())
    assert (said["num_hidden_layers"], said["hidden_size"], said["num_attention_heads"]) == (2, 256, 4)
    assert model.config["train"]["seed"] == 5 and model.config["model"]["hidden_size"] == 256


def test_each_keeps_its_report(two: Graph) -> None:
    base, wide = (
        json.loads((Path(two.lake.root) / "report" / recipe / "report.json").read_text()) for recipe in ("base", "wide")
    )
    assert (base["recipe"], wide["recipe"]) == ("base", "wide")
    assert wide["settings"]["training.width"] == 256 and base["settings"]["training.width"] == "none"
    assert base["scores"].keys() == wide["scores"].keys()
    assert base["scores"]["bits_per_byte"]["score"] != wide["scores"]["bits_per_byte"]["score"]


def test_their_scores_are_compared_and_nothing_is_scored(two: Graph, capsys: pytest.CaptureFixture[str]) -> None:
    before = sorted(two.lake.manifest_paths())
    assert main(["compare", "base", "wide", "--lake", two.lake.url, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    reports = [
        json.loads((Path(two.lake.root) / "report" / recipe / "report.json").read_text()) for recipe in ("base", "wide")
    ]
    for task in found["tasks"]:
        for side, report in zip(("a", "b"), reports, strict=True):
            assert task["difference"][side] == pytest.approx(report["scores"][task["task"]]["score"]["value"])
    assert "bits_per_byte" in {task["task"] for task in found["tasks"]}
    assert sorted(two.lake.manifest_paths()) == before
    assert main(["compare", "base", "wide", "--lake", two.lake.url]) == 0
    assert capsys.readouterr().out.startswith("A: base\nB: wide\n")


def test_a_recipe_without_scores_names_the_command_that_scores_it(
    two: Graph, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["compare", "base", "trimmed", "--lake", two.lake.url]) == 1
    command = f"`headwater demo --recipe trimmed --crawl {two.key} --lake {two.lake.url}`"
    assert f"the recipe trimmed is not scored in the lake {two.lake.url}: {command}" in capsys.readouterr().err
    assert main(["compare", "base", "wde", "--lake", two.lake.url]) == 1
    assert "there is no recipe wde; did you mean wide?" in capsys.readouterr().err


def test_a_recipe_that_has_changed_since_is_not_compared(two: Graph, capsys: pytest.CaptureFixture[str]) -> None:
    path = Path(two.lake.root) / "recipes" / "wide.toml"
    path.write_text(WIDE.replace("seed = 5", "seed = 6"))
    try:
        assert main(["compare", "base", "wide", "--lake", two.lake.url]) == 1
        assert "the recipe wide was scored before training.seed changed: `headwater demo" in capsys.readouterr().err
    finally:
        path.write_text(WIDE)


def test_scores_of_different_versions_are_not_compared(
    two: Graph, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lake = Lake(shutil.copytree(two.lake.root, tmp_path / "lake"))
    [score] = [one for one in open_recipe(lake.url, "wide").datasets("score") if one.partition.startswith("last_word")]
    version, _, libraries = score.code_version.partition(" ")
    older = replace(score, code_version=f"{int(version) - 1} {libraries}")
    shutil.copytree(lake.folder(score), lake.folder(older))
    (Path(lake.folder(older)) / "manifest.json").write_bytes(older.to_bytes())
    report = Path(lake.root) / "report" / "wide" / "report.json"
    report.write_text(report.read_text().replace(score.address, older.address))
    assert main(["compare", "base", "wide", "--lake", lake.url]) == 1
    assert "last_word was scored by different versions" in capsys.readouterr().err

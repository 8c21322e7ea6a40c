"""Lakes with several recipes: every command that reads one says which there are, and reads that one's datasets."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from graphs import Graph

import headwater
from corpus.lake.current import RecipeLake
from corpus.lake.store import Lake
from headwater.cli import main

READERS = [
    ["trace", "https://site.example/short"],
    ["trace", "--step", "1"],
    ["trace", "--score", "last_word"],
    ["inspect", "clean"],
    ["contamination"],
    ["generate", "--prompt", "The"],
    ["chat"],
    ["score", "--checkpoint", "latest", "--task", "last_word", "--data", "items"],
]


@pytest.fixture(scope="module")
def shared(graph: Graph, tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """A lake of two recipes: `all` stands for every dataset, `early` for those of the first stages."""
    lake = Lake(str(shutil.copytree(graph.lake.root, tmp_path_factory.mktemp("shared") / "lake")))
    shutil.rmtree(Path(lake.root) / "current", ignore_errors=True)
    for manifest in list(Lake(lake.url).datasets()):
        RecipeLake(lake.url, "all").record(manifest)
        if manifest.stage in ("documents", "clean"):
            RecipeLake(lake.url, "early").record(manifest)
    return lake


@pytest.mark.parametrize("words", READERS, ids=" ".join)
def test_without_a_recipe_it_says_which_there_are(
    words: list[str], shared: Lake, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*words, "--lake", shared.url]) == 1
    printed = capsys.readouterr()
    assert f"the lake {shared.url} holds several recipes: choose one by --recipe: all, early" in printed.err
    assert printed.out == ""


@pytest.mark.parametrize("words", [*READERS, ["verify"]], ids=" ".join)
def test_an_unknown_recipe_names_those_that_there_are(
    words: list[str], shared: Lake, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*words, "--lake", shared.url, "--recipe", "al"]) == 1
    assert "--recipe al: the lake" in (err := capsys.readouterr().err) and "it holds: all, early" in err


def test_a_recipe_reads_its_own_datasets(shared: Lake, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["trace", "--step", "1", "--lake", shared.url, "--recipe", "all"]) == 0
    assert "checkpoint " in capsys.readouterr().out
    assert main(["trace", "--step", "1", "--lake", shared.url, "--recipe", "early"]) == 1
    assert "took that step, from 1: it has none" in capsys.readouterr().err
    assert main(["inspect", "split", "--lake", shared.url, "--recipe", "early"]) == 1
    assert "no stage 'split': there are clean, documents" in capsys.readouterr().err


def test_an_address_needs_no_recipe(shared: Lake, capsys: pytest.CaptureFixture[str]) -> None:
    [manifest] = shared.datasets("clean")
    assert main(["inspect", f"clean/{manifest.address[:8]}", "--lake", shared.url]) == 0
    assert manifest.address[:12] in capsys.readouterr().out


def test_verify_reads_all_recipes_or_one(shared: Lake, capsys: pytest.CaptureFixture[str]) -> None:
    stages = []
    for recipe in ([], ["--recipe", "early"]):
        assert main(["verify", "--json", "--lake", shared.url, *recipe]) == 0
        stages.append({json.loads(line)["stage"] for line in capsys.readouterr().out.splitlines()})
    assert stages[0] > stages[1] == {"documents", "clean"}


def test_one_recipe_is_taken(graph: Graph, tmp_path: Path) -> None:
    lake = Lake(str(shutil.copytree(graph.lake.root, tmp_path / "lake")))
    shutil.rmtree(tmp_path / "lake" / "current", ignore_errors=True)
    [manifest] = lake.datasets("clean")
    RecipeLake(lake.url, "only").record(manifest)
    opened = headwater.open(lake.url)
    assert (opened.recipe, opened.recipes) == ("only", ("only",))
    assert [dataset.address for dataset in opened.datasets()] == [manifest.address]


@pytest.mark.parametrize("words", [*READERS, ["verify"]], ids=" ".join)
def test_a_lake_that_is_not_there(words: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*words, "--lake", str(tmp_path / "none")]) == 1
    assert f"there is no lake at {tmp_path / 'none'}" in capsys.readouterr().err
    assert not (tmp_path / "none").exists()

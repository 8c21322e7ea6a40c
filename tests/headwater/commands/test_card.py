"""`headwater card`."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from corpus.lake.store import Lake
from headwater.cli import main


@pytest.fixture
def lake(graph_lake: Path, tmp_path: Path) -> Lake:
    return Lake(shutil.copytree(graph_lake, tmp_path / "lake"))


def test_cards_that_are_missing_are_written_and_all_are_listed(lake: Lake, capsys: pytest.CaptureFixture[str]) -> None:
    [split] = lake.datasets("split")
    gone = Path(lake.folder(split), "README.md")
    gone.unlink()
    assert main(["card", "--lake", lake.url]) == 0
    assert gone.is_file()
    names = [Path(line).name for line in capsys.readouterr().out.splitlines()]
    assert sorted(names) == ["README.md", "README.md", "croissant.json", "croissant.json"]


def test_the_card_of_one_dataset(lake: Lake, capsys: pytest.CaptureFixture[str]) -> None:
    [checkpoint] = lake.datasets("checkpoint")
    assert main(["card", f"checkpoint/{checkpoint.address[:8]}", "--lake", lake.url, "--json"]) == 0
    [line] = capsys.readouterr().out.splitlines()
    assert json.loads(line) == {
        "stage": "checkpoint",
        "address": checkpoint.address,
        "path": f"{lake.folder(checkpoint)}/README.md",
    }


@pytest.mark.parametrize("name", ["checkpoint/ffff", "clean", "tokens/0"])
def test_a_dataset_without_cards_is_refused_with_those_that_have_some(
    name: str, lake: Lake, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["card", name, "--lake", lake.url]) == 1
    error = capsys.readouterr().err
    assert f"error: {name} names no dataset" in error and "split/" in error

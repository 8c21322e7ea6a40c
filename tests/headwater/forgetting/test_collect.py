"""`headwater collect`: what no recipe needs goes, and nothing else."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from stages import make_stages

from corpus.lake.current import RecipeLake
from corpus.lake.store import Lake
from headwater.cli import main
from pipelines.cleaning import CleanConfig, clean
from pipelines.engine import Engine

pytestmark = pytest.mark.usefixtures("in_process")
LEFT = "f" * 32


@pytest.fixture
def needed() -> set[tuple[str, str]]:
    """What the recipe's datasets are, and those that they were made of."""
    return set()


@pytest.fixture
def lake(graph_lake: Path, tmp_path: Path, needed: set[tuple[str, str]]) -> Lake:
    """With a dataset of each kind that nobody needs: of another recipe's settings, and a killed run's."""
    lake = Lake(str(shutil.copytree(graph_lake, tmp_path / "lake")))
    needed.update(addresses(lake))
    [documents] = lake.datasets("documents")
    clean(lake, documents, CleanConfig(language_score=0.9), Engine(workers=1))
    parts = Path(lake.root, "tokens", LEFT, "parts")
    parts.mkdir(parents=True)
    (parts / "part-00000.json").write_text("{}")
    return lake


def collect(capfd: pytest.CaptureFixture[str], lake: Lake, *words: str) -> tuple[int, str, str]:
    code = main(["collect", "--lake", lake.url, *words])
    printed = capfd.readouterr()
    return code, printed.out, printed.err


def addresses(lake: Lake) -> set[tuple[str, str]]:
    return {(one.stage, one.address) for one in lake.datasets()}


def test_what_a_recipe_needs_stays(lake: Lake, needed: set[tuple[str, str]], capfd: pytest.CaptureFixture[str]) -> None:
    current = {(one.stage, one.address) for one in RecipeLake(lake.url, "base").datasets()}
    [unneeded] = addresses(lake) - needed
    code, out, _ = collect(capfd, lake, "--dry-run", "--json")
    said: dict[str, Any] = json.loads(out)
    found = said["unneeded"]
    assert (
        code == 0
        and said["deleted"] is False
        and {(one["stage"], one["address"]) for one in found} == {unneeded, ("tokens", LEFT)}
    )
    assert all(one["bytes"] > 0 for one in found)
    assert addresses(lake) > needed, "a dry run deletes nothing"
    code, _, err = collect(capfd, lake)
    assert code == 1 and "give --yes" in err and addresses(lake) > needed
    code, out, _ = collect(capfd, lake, "--yes")
    assert code == 0 and "1 datasets that no recipe needs and 1 folders of killed runs" in out
    assert addresses(lake) == needed >= current
    assert not Path(lake.root, "tokens", LEFT).exists()
    assert main(["verify", "--quiet", "--lake", lake.url]) == 0
    assert collect(capfd, lake)[0] == 0, "there is nothing to ask about"


def test_what_a_report_tells_of_stays(lake: Lake, capfd: pytest.CaptureFixture[str]) -> None:
    for path in Path(lake.root, "current", "base", "score").iterdir():
        path.unlink()
    report = json.loads(Path(lake.root, "report", "base", "report.json").read_text())
    scores = {(one["stage"], one["address"]) for one in report["stages"] if one["stage"] == "score"}
    assert scores and collect(capfd, lake, "--yes")[0] == 0
    assert {one for one in addresses(lake) if one[0] == "score"} == scores
    shutil.rmtree(Path(lake.root, "report"))
    assert collect(capfd, lake, "--yes")[0] == 0
    assert not {one for one in addresses(lake) if one[0] == "score"}


def test_while_a_stage_is_computed_nothing_is_deleted(lake: Lake, capfd: pytest.CaptureFixture[str]) -> None:
    before = addresses(lake)
    with lake.lock("clean", LEFT):
        code, _, err = collect(capfd, lake, "--yes")
    assert code == 1 and f"wait until {lake.root}/clean/{LEFT}/lock is free" in err and addresses(lake) == before


def test_a_lake_without_a_recipe_is_left_alone(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    lake = make_stages(Lake(str(tmp_path))).lake
    before = addresses(lake)
    code, _, err = collect(capfd, lake, "--yes")
    assert code == 1 and "no recipe was ever run in the lake" in err and addresses(lake) == before

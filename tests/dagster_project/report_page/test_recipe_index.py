"""Recipe index: all recipes with a report, their scores, and the settings in which they differ."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from corpus.lake.store import Lake
from dagster_project.report_page.recipe_index import write_index


@pytest.fixture
def lake(graph_lake: Path, tmp_path: Path) -> Lake:
    """A lake with the reports of two recipes, and no datasets: the index needs none."""
    for recipe, value in (("base", "none"), ("base.wide", 256)):
        folder = tmp_path / "report" / recipe
        shutil.copytree(graph_lake / "report" / "base", folder)
        path = folder / "report.json"
        found = json.loads(path.read_text())
        found["settings"] |= {"training.width": value}
        path.write_text(json.dumps(found))
    return Lake(str(tmp_path))


def test_recipes_stand_side_by_side_and_lead_to_their_reports(lake: Lake) -> None:
    write_index(lake)
    page = Path(lake.path("report", "index.html")).read_text()
    assert "2 recipes, side by side" in page and "headwater compare A B" in page
    assert '<a href="base.wide/index.html">base.wide</a>' in page and '<a href="base/index.html">base</a>' in page
    assert page.count('<th scope="row">training.') == 1, "only what differs"
    assert "<td>none</td><td>256</td>" in page
    for task in ("bits_per_byte", "continuation", "last_word"):
        assert f'data-drawing="recipes-{task}"' in page


def test_it_is_written_the_same_again_and_follows_the_reports(lake: Lake) -> None:
    path = Path(lake.path("report", "index.html"))
    write_index(lake)
    before = path.read_bytes()
    write_index(lake)
    assert path.read_bytes() == before
    shutil.rmtree(lake.path("report", "base.wide"))
    write_index(lake)
    assert "1 recipe, side by side" in path.read_text()


def test_a_report_that_is_written_meanwhile_is_in_it(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    """The last one that looks sees all."""
    write, path = Lake.write, Path(lake.path("report"))
    other = path.parent / "other"
    shutil.move(path / "base.wide", other)

    def write_beside(self: Lake, name: str, data: bytes) -> None:
        write(self, name, data)
        if other.exists():
            shutil.move(other, path / "base.wide")

    monkeypatch.setattr(Lake, "write", write_beside)
    write_index(lake)
    assert "2 recipes, side by side" in (path / "index.html").read_text()

"""Toxicity: the share of bad words, whole words where there are spaces, anywhere where there are none."""

from __future__ import annotations

from pathlib import Path

import pytest

from corpus.quality.toxicity import BadWordLists


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "en").write_text("darn\nsilly goose\n")
    (tmp_path / "zh.txt").write_text("坏蛋\n坏蛋们\n13.\n🖕\n")
    (tmp_path / "README.md").write_text("not a list\n")
    return tmp_path


@pytest.mark.parametrize(
    ("text", "language", "share", "found"),
    [
        ("Darn! The river is high.", "en", 1 / 5, {"darn": 1}),
        ("The darned river", "en", 0.0, {}),
        ("You silly goose, silly old goose", "en", 2 / 6, {"silly goose": 1}),
        ("Darn! The river is high.", "de", 0.0, {}),
        ("他是坏蛋吗", "zh", 2 / 5, {"坏 蛋": 1}),
        ("坏蛋们13", "zh", 3 / 4, {"坏 蛋 们": 1}),
        ("", "en", 0.0, {}),
    ],
)
def test_share(folder: Path, text: str, language: str, share: float, found: dict[str, int]) -> None:
    measured = BadWordLists(str(folder)).measure(text, language)
    assert measured.share == pytest.approx(share) and measured.found == found


def test_the_digest_is_that_of_the_lists(folder: Path) -> None:
    before = BadWordLists(str(folder)).digest
    (folder / "README.md").write_text("changed")
    assert BadWordLists(str(folder)).digest == before
    (folder / "en").write_text("darn\n")
    assert BadWordLists(str(folder)).digest != before


def test_a_folder_without_lists_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="holds no lists of bad words"):
        BadWordLists(str(tmp_path))


def test_real_lists_do_not_drop_ordinary_pages() -> None:
    lists = Path(__file__).parents[4] / "shared" / "data" / "filters" / "LDNOOBW"
    if not lists.is_dir():
        pytest.skip(f"{lists} is not there")
    found = BadWordLists(str(lists))
    assert (
        found.measure("The medical article describes breast cancer screening in twelve countries.", "en").share < 0.02
    )
    assert found.measure("长江是亚洲第一长河，发源于青藏高原，13点注入东海。", "zh").share < 0.1

"""Cards beside datasets: the same bytes each time, and in nobody's way."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from corpus.cards.columns import describe_columns
from corpus.cards.data_card import write_data_card
from corpus.cards.facts import Facts
from corpus.cards.markdown import escape_markup
from corpus.cards.writing import CARDS, write_cards
from corpus.lake.deletion import delete_dataset, find_leftovers
from corpus.lake.manifest import Manifest
from corpus.lake.store import Lake
from corpus.lake.verification import find_damage
from pipelines.cleaning import CLEAN
from recipes.recorded import changed_settings


@pytest.fixture
def lake(graph_lake: Path, tmp_path: Path) -> Lake:
    return Lake(shutil.copytree(graph_lake, tmp_path / "lake"))


def described(lake: Lake) -> list[Manifest]:
    return [manifest for stage in CARDS for manifest in lake.datasets(stage)]


def test_every_text_shard_set_and_checkpoint_of_a_run_has_its_cards(lake: Lake) -> None:
    for manifest in described(lake):
        for name in CARDS[manifest.stage]:
            assert Path(lake.folder(manifest), name).is_file()
    assert {manifest.stage for manifest in described(lake)} == {"split", "shards", "checkpoint"}


def test_a_card_that_is_gone_is_written_again_with_the_same_bytes_elsewhere(lake: Lake, tmp_path: Path) -> None:
    elsewhere = Lake(shutil.copytree(lake.root, tmp_path / "another-lake"))
    for manifest in described(elsewhere):
        cards = {name: Path(lake.folder(manifest), name).read_bytes() for name in CARDS[manifest.stage]}
        for name in cards:
            Path(elsewhere.folder(manifest), name).unlink()
        written = write_cards(elsewhere, manifest, changed_settings)
        assert {Path(path).name: Path(path).read_bytes() for path in written} == cards


def test_a_card_that_is_there_is_left_alone(lake: Lake) -> None:
    for manifest in described(lake):
        before = [Path(lake.folder(manifest), name).stat().st_ino for name in CARDS[manifest.stage]]
        paths = write_cards(lake, manifest, changed_settings)
        assert [Path(path).stat().st_ino for path in paths] == before


def test_a_dataset_is_whole_with_its_cards_and_goes_with_them(lake: Lake) -> None:
    for manifest in described(lake):
        assert list(find_damage(lake, manifest)) == []
        delete_dataset(lake, manifest.stage, manifest.address)
        assert not Path(lake.folder(manifest)).exists()
    assert list(find_leftovers(lake)) == []


def test_stages_without_cards_have_none(lake: Lake) -> None:
    [manifest] = lake.datasets("clean")
    assert write_cards(lake, manifest, changed_settings) == []


def test_what_is_gone_upstream_is_said(lake: Lake) -> None:
    [manifest], [unique] = lake.datasets("split"), lake.datasets("unique")
    delete_dataset(lake, "unique", unique.address)
    [readme, _] = write_cards(lake, manifest, changed_settings)
    assert f"| unique | no longer in the lake | {unique.address} |" in Path(readme).read_text()


def test_every_column_that_documents_have_is_described() -> None:
    assert all(text for _, _, text in describe_columns(CLEAN))


def test_names_that_a_crawl_brings_along_are_no_markup(lake: Lake) -> None:
    [manifest] = lake.datasets("split")
    hostile = replace(manifest, partition="![x](http://evil.example/x.png)<script>\n# a title|")
    page = write_data_card(Lake(lake.url), Facts(manifest=manifest, upstream=(hostile,), gone=()))
    assert "<script>" not in page.replace("\\<script\\>", "") and "![x]" not in page
    assert "\n# a title" not in page


@pytest.mark.parametrize(
    ("text", "shown"),
    [("a|b\nc", "a\\|b c"), ("gopher_words", "gopher_words"), ("_emphasis_", "\\_emphasis\\_"), ("<b>", "\\<b\\>")],
)
def test_markup_is_escaped_and_names_are_not(text: str, shown: str) -> None:
    assert escape_markup(text) == shown


def test_cards_quote_no_page(lake: Lake) -> None:
    """What is forgotten must not stand in a card."""
    [manifest] = lake.datasets("split")
    texts = [text for table in lake.read(manifest, "heldout", ["text"]) for text in table["text"].to_pylist()]
    cards = [Path(lake.folder(one), name).read_text() for one in described(lake) for name in CARDS[one.stage]]
    for text in texts:
        words = " ".join(text.split()[:8])
        assert not any(words in card or json.dumps(words)[1:-1] in card for card in cards)

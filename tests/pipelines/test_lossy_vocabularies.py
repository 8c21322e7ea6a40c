"""Imported vocabularies from which texts do not come back: refused, or taken and told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from collections_of_text import clean_crawl
from crawls import CHINESE, GERMAN, prose
from stages import publish
from tokenizers import Tokenizer, normalizers

from corpus.lake.manifest import Manifest
from corpus.lake.schema import LEDGER
from corpus.lake.store import Lake
from corpus.tokenizer.imported import ImportConfig
from corpus.tokenizer.vocabulary import VocabularyConfig, train_vocabulary
from pipelines.cleaning import CLEAN
from pipelines.commands import main
from pipelines.engine import Engine
from pipelines.tokenization import encode
from pipelines.vocabulary import make_vocabulary

ONE = Engine(workers=1)
LEARNT = train_vocabulary(iter([prose("argparse"), GERMAN, CHINESE] * 3), VocabularyConfig(size=400))


def split_of(lake: Lake, texts: list[str]) -> Manifest:
    rows = [row for found in lake.read(clean_crawl(lake, "made", texts), "documents") for row in found.to_pylist()]
    rows.sort(key=lambda row: row["url"])
    files: dict[str, Any] = {"train": (CLEAN, rows[1:]), "heldout": (CLEAN, rows[:1]), "ledger": (LEDGER, [])}
    return publish(lake, "split", "made", [], files, parts=2)


def with_normalizer(normalizer: normalizers.Normalizer | None, folder: Path) -> str:
    tokenizer = Tokenizer.from_str(LEARNT.decode())
    if normalizer:
        tokenizer.normalizer = normalizer
    tokenizer.save(str(folder / "tokenizer.json"))
    return str(folder / "tokenizer.json")


TEXTS = ["Held out.", "Page One of the Crawl", "page two of the crawl", "page three of the crawl"]


def test_a_vocabulary_that_loses_text_is_refused_and_says_what_is_lost(tmp_path: Path) -> None:
    lake = Lake(str(tmp_path / "lake"))
    path = with_normalizer(normalizers.Lowercase(), tmp_path)
    with pytest.raises(
        ValueError, match=r"tokenizer\.json: \d+ of 2\d texts do not come back .*'the quick brown"
    ) as said:
        make_vocabulary(lake, split_of(lake, TEXTS), ImportConfig(path=path), ONE)
    assert "0.00% of tokens are unknown" in str(said.value) and "--allow-loss" in str(said.value)
    assert not list(lake.datasets("tokenizer"))


def test_what_only_a_page_of_the_corpus_shows_is_found(tmp_path: Path) -> None:
    lake = Lake(str(tmp_path / "lake"))
    path = with_normalizer(normalizers.Replace("crawl", "web"), tmp_path)
    with pytest.raises(ValueError, match=r"of the crawl' comes back as .*of the web'"):
        make_vocabulary(lake, split_of(lake, TEXTS), ImportConfig(path=path), ONE)


def test_an_allowed_loss_stands_in_the_manifest(tmp_path: Path) -> None:
    lake = Lake(str(tmp_path / "lake"))
    split, path = split_of(lake, TEXTS), with_normalizer(normalizers.Replace("crawl", "web"), tmp_path)
    manifest = make_vocabulary(lake, split, ImportConfig(path=path, allow_loss=True), ONE).manifest
    assert manifest.figures["texts_lost"] == 2 < manifest.figures["texts_tried"]
    assert manifest.figures["unknown_tokens"] == 0
    before, after = manifest.figures["lost_example"]
    assert "crawl" in before and "web" in after
    assert manifest.config == {"allow_loss": True} and manifest.sources == {split.name: split.address}
    other = Lake(str(tmp_path / "other"))
    again = make_vocabulary(
        other, split_of(other, [*TEXTS, "a crawl more"]), ImportConfig(path=path, allow_loss=True), ONE
    ).manifest
    assert again.figures["texts_lost"] == 3 and again.address != manifest.address, "the figures are of other pages"
    assert encode(lake, split, manifest, ONE).manifest.counts.kept == len(TEXTS)


def test_what_loses_nothing_is_the_same_dataset_whether_loss_is_allowed_or_not(tmp_path: Path) -> None:
    lake = Lake(str(tmp_path / "lake"))
    split, path = split_of(lake, TEXTS), with_normalizer(None, tmp_path)
    first = make_vocabulary(lake, split, ImportConfig(path=path), ONE).manifest
    again = make_vocabulary(lake, split, ImportConfig(path=path, allow_loss=True), ONE)
    assert again.reused and again.manifest.digest == first.digest
    assert set(first.figures) == {"vocabulary"}


def test_the_command_refuses_and_takes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lake = Lake(str(tmp_path / "lake"))
    split, path = split_of(lake, TEXTS), with_normalizer(normalizers.Lowercase(), tmp_path)
    command = ["encode", f"split/{split.address}", "--lake", lake.url, "--workers", "1"]
    assert main([*command, "--vocabulary", path]) == 1
    assert "do not come back" in capsys.readouterr().err
    assert main([*command, "--vocabulary", path, "--allow-loss"]) == 0
    assert main([*command, "--allow-loss"]) == 1
    assert "--allow-loss is of --vocabulary" in capsys.readouterr().err

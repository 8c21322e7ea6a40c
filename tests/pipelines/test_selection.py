"""Documents that are like chosen texts: fitted by `headwater select`, kept by `clean`."""

from __future__ import annotations

import json
import random
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from corpus.lake.manifest import Manifest
from corpus.lake.store import Lake
from corpus.selection.model import SelectionConfig
from corpus.sources import open_crawl
from headwater.cli import main
from pipelines.cleaning import CleanConfig, clean
from pipelines.engine import Engine
from pipelines.ingestion import IngestConfig, ingest
from recipes.changes import change
from recipes.named import RECIPES

PROSE = "the house stood at the end of a long road and nobody had lived in it for many years said the old man to me"
OFFERS = "buy cheap tickets online now with free shipping the best price and a discount code for your next order of it"
EVERYTHING = CleanConfig(rules=(), language_score=0.0, mask=())


def write_texts(path: Path, words: str, count: int, seed: int) -> Path:
    dice = random.Random(seed)
    with path.open("a", encoding="utf-8") as file:
        for number in range(count):
            text = " ".join(dice.choices(words.split(), k=100))
            file.write(json.dumps({"url": f"https://{seed}.example/{number}", "text": text}) + "\n")
    return path


@pytest.fixture(scope="module")
def documents(tmp_path_factory: pytest.TempPathFactory) -> tuple[Lake, Manifest]:
    """40 pages of prose and 60 of offers, all of which are clean."""
    folder = tmp_path_factory.mktemp("selection")
    write_texts(folder / "crawl.jsonl", PROSE, 40, 1)
    crawl = open_crawl(str(write_texts(folder / "crawl.jsonl", OFFERS, 60, 2)))
    lake = Lake(str(folder / "lake"))
    made = ingest(lake, crawl, IngestConfig(), Engine(workers=1)).manifest
    assert clean(lake, made, EVERYTHING, Engine(workers=1)).manifest.counts.kept == 100
    return lake, made


@pytest.fixture
def model(documents: tuple[Lake, Manifest], tmp_path: Path) -> Path:
    reference = write_texts(tmp_path / "reference.jsonl", PROSE, 30, 3)
    assert main(["select", str(reference), "--lake", documents[0].url, "--out", str(tmp_path / "model.npz")]) == 0
    return tmp_path / "model.npz"


def selecting(model: Path, **settings: object) -> CleanConfig:
    return replace(EVERYTHING, selection=SelectionConfig(model=str(model), **settings))  # type: ignore[arg-type]


@pytest.mark.parametrize("by", ["ratio", "perplexity"])
def test_the_share_most_like_the_reference_stays_and_the_ledger_says_why(
    by: str, documents: tuple[Lake, Manifest], model: Path
) -> None:
    lake, made = documents
    found = clean(lake, made, selecting(model, by=by, keep=0.4), Engine(workers=2)).manifest
    assert (found.counts.kept, found.counts.dropped) == (40, {"selection": 60})
    [kept], [ledger] = lake.read(found, "documents", ["url"]), lake.read(found, "ledger", ["url", "rules"])
    assert all(url.startswith("https://1.example/") for url in kept["url"].to_pylist())
    for rules in ledger["rules"].to_pylist():
        [failure] = rules
        assert failure["rule"] == "selection" and failure["value"] < failure["threshold"]


def test_documents_in_other_languages_are_not_judged(documents: tuple[Lake, Manifest], model: Path) -> None:
    lake, made = documents
    found = clean(lake, made, selecting(model, keep=0.4, languages=("fi",)), Engine(workers=1)).manifest
    assert found.counts.kept == 100


def test_the_address_follows_the_bytes_of_the_model(
    documents: tuple[Lake, Manifest], model: Path, tmp_path: Path
) -> None:
    lake, made = documents
    first = clean(lake, made, selecting(model, keep=0.2), Engine(workers=1))
    elsewhere = shutil.copy(model, tmp_path / "elsewhere.npz")
    again = clean(lake, made, selecting(Path(elsewhere), keep=0.2), Engine(workers=1))
    assert again.reused and again.manifest.address == first.manifest.address
    reference = write_texts(tmp_path / "other.jsonl", OFFERS, 30, 4)
    assert main(["select", str(reference), "--lake", lake.url, "--out", str(tmp_path / "other.npz")]) == 0
    other = clean(lake, made, selecting(tmp_path / "other.npz", keep=0.2), Engine(workers=1))
    assert other.manifest.address != first.manifest.address
    [kept] = lake.read(other.manifest, "documents", ["url"])
    assert all(url.startswith("https://2.example/") for url in kept["url"].to_pylist())


def test_the_same_model_is_fitted_again_and_says_what_it_keeps(
    documents: tuple[Lake, Manifest], model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    reference, lake = str(tmp_path / "reference.jsonl"), documents[0].url
    assert main(["select", reference, "--lake", lake, "--out", str(tmp_path / "again.npz")]) == 0
    assert (tmp_path / "again.npz").read_bytes() == model.read_bytes()
    printed = capsys.readouterr().out
    assert "fitted on  30 reference texts and 100 documents" in printed
    assert "best" in printed and "https://1.example/" in printed and "https://2.example/" in printed
    assert main(["select", reference, "--lake", lake, "--out", str(tmp_path / "few.npz"), "--sample", "10"]) == 0
    assert "and 10 documents" in capsys.readouterr().out


def test_what_cannot_be_fitted_is_an_error(
    documents: tuple[Lake, Manifest], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lake, out = documents[0].url, ["--out", str(tmp_path / "model.npz")]
    assert main(["select", str(tmp_path / "none"), "--lake", lake, *out]) == 1
    reference = str(write_texts(tmp_path / "reference.jsonl", PROSE, 3, 5))
    assert main(["select", reference, "--lake", lake, *out, "--language", "fi"]) == 1
    assert "holds no clean documents in fi" in capsys.readouterr().err
    assert not (tmp_path / "model.npz").exists()


def test_a_recipe_takes_it_by_name() -> None:
    changed = change(RECIPES["base"], {"clean": {"selection": {"model": "like-books.npz", "by": "perplexity"}}})
    assert changed.clean.selection == SelectionConfig(model="like-books.npz", by="perplexity", keep=0.5)
    with pytest.raises(ValueError, match=r"clean\.selection\.by = \"ration\": choose one of ratio, perplexity"):
        change(RECIPES["base"], {"clean": {"selection": {"by": "ration"}}})


def test_reference_pages_are_read_by_their_main_text(
    documents: tuple[Lake, Manifest], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = random.Random(6).choices(PROSE.split(), k=200)
    (tmp_path / "page.html").write_text(f"<html><body><p>{' '.join(words)}</p></body></html>")
    lake = documents[0].url
    assert main(["select", str(tmp_path / "page.html"), "--lake", lake, "--out", str(tmp_path / "model.npz")]) == 0
    assert "fitted on  1 reference texts" in capsys.readouterr().out

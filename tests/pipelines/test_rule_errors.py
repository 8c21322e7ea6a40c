"""Any exception in a measure, rule or mask costs its document and no other, and many of them fail the stage."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from crawls import MODULES, html, prose, response

from corpus.lake.manifest import Manifest
from corpus.lake.store import Lake
from corpus.language import identify as language
from corpus.privacy import mask as privacy
from corpus.quality import measurement as quality
from corpus.sources import open_crawl
from pipelines.blocks import IngestConfig
from pipelines.cleaning import CleanConfig, clean
from pipelines.engine import Engine
from pipelines.ingestion import ingest
from pipelines.parts import StageError

ENGINE = Engine(workers=1)
SITE = "https://site.example"
BAIT = "marzipan"


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(str(tmp_path / "lake"))


@pytest.fixture
def documents(lake: Lake, tmp_path: Path) -> Manifest:
    """Fifteen pages, on two of which something goes wrong."""
    texts = [text for text in map(prose, MODULES) if len(text.split()) > 300][:15]
    texts[3] = f"About {BAIT}. {texts[3]}"
    texts[11] = f"More {BAIT}. {texts[11]}"
    path = tmp_path / "crawl.warc.gz"
    path.write_bytes(b"".join(response(f"{SITE}/{n}", html(f"Page {n}", text)) for n, text in enumerate(texts)))
    return ingest(lake, open_crawl(str(path)), IngestConfig(), ENGINE).manifest


def raising(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function, but for texts with the bait: one text, or a list or an Arrow array of them."""

    def wrapped(texts: Any, *rest: Any) -> Any:
        listed = texts.to_pylist() if isinstance(texts, pa.Array) else texts
        if BAIT in listed or any(BAIT in text for text in listed):
            raise ZeroDivisionError(f"no {BAIT}")
        return function(texts, *rest)

    return wrapped


def rows(lake: Lake, manifest: Manifest, kind: str) -> list[dict[str, Any]]:
    return [row for table in lake.read(manifest, kind) for row in table.to_pylist()]


PLACES = {
    "language": (language, "identify_languages"),
    "quality": (quality, "find_words"),
    "mask": (privacy, "mask_text"),
}


@pytest.mark.usefixtures("in_process")
@pytest.mark.parametrize("name", PLACES)
def test_an_error_costs_its_document(
    name: str, lake: Lake, documents: Manifest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = Lake(shutil.copytree(lake.root, tmp_path / "whole"))
    wanted = {
        row["url"]: row for row in rows(whole, clean(whole, documents, CleanConfig(), ENGINE).manifest, "documents")
    }
    place, function = PLACES[name]
    monkeypatch.setattr(place, function, raising(getattr(place, function)))
    cleaned = clean(lake, documents, CleanConfig(rule_errors=0.2), ENGINE).manifest
    lost = [row for row in rows(lake, cleaned, "ledger") if row["reason"].startswith("rule_error")]
    assert [row["url"] for row in lost] == [f"{SITE}/3", f"{SITE}/11"]
    assert {row["reason"] for row in lost} == {f"rule_error:{name}"}
    assert {row["detail"] for row in lost} == {f"{name}: ZeroDivisionError: no marzipan"}
    assert cleaned.counts.lost == 0 and cleaned.counts.dropped[f"rule_error:{name}"] == 2
    kept = {row["url"]: row for row in rows(lake, cleaned, "documents")}
    assert kept == {url: row for url, row in wanted.items() if url not in (f"{SITE}/3", f"{SITE}/11")}


@pytest.mark.usefixtures("in_process")
@pytest.mark.parametrize("name", ["language", "mask"])
def test_too_many_errors_fail_the_stage(
    name: str, lake: Lake, documents: Manifest, monkeypatch: pytest.MonkeyPatch
) -> None:
    place, function = PLACES[name]
    monkeypatch.setattr(place, function, raising(getattr(place, function)))
    with pytest.raises(StageError, match=r"2 of 15 documents raised an error .* more than 10%.* no marzipan"):
        clean(lake, documents, CleanConfig(), ENGINE)
    assert not list(lake.datasets("clean"))
    assert bool(list(lake.datasets("measures"))) == (name == "mask"), "what failed is not published"


def test_measures_lie_beside_every_document(lake: Lake, documents: Manifest) -> None:
    clean(lake, documents, CleanConfig(), ENGINE)
    [measures] = lake.datasets("measures")
    measured = rows(lake, measures, "measures")
    assert [row["doc_id"] for row in measured] == [row["doc_id"] for row in rows(lake, documents, "documents")]
    assert all(row["error"] is None and row["words"] > 100 and row["stop_words"] >= 4 for row in measured)

"""Safety: what a sender refuses or a list blocks is dropped with its reason; what is kept holds no personal data."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from crawls import MODULES, html, prose, response

from corpus.lake.manifest import Manifest
from corpus.lake.schema import document_id
from corpus.lake.store import Lake
from corpus.optout.blocklists import OptOutConfig
from corpus.quality.toxicity import BadWordConfig
from corpus.sources import Crawl, open_crawl
from dagster_project import checks
from pipelines.blocks import IngestConfig
from pipelines.cleaning import CleanConfig, clean
from pipelines.commands import main
from pipelines.engine import Engine
from pipelines.ingestion import ingest

ENGINE = Engine(workers=1)
PLANTED = {
    "email": "jane.doe@example.org",
    "card": "4111 1111 1111 1111",
    "iban": "DE89 3704 0044 0532 0130 00",
    "ssn": "078-05-1120",
    "phone": "+49 30 1234567",
    "ip": "81.2.69.160",
    "api_key": "AKIAIOSFODNN7EXAMPLE",
    "private_key": "-----BEGIN PRIVATE KEY-----\nMIIEpAIBAAKCAQEA7bq1kJ9mZ0Qw3n5v8x\n-----END PRIVATE KEY-----",
}
SITE = "https://site.example"


@pytest.fixture(scope="module")
def crawl(tmp_path_factory: pytest.TempPathFactory) -> Crawl:
    texts = [prose(module) for module in MODULES]
    texts = [text for text in texts if len(text.split()) > 300][:8]
    personal = texts[0] + "\n\n" + "\n\n".join(f"The next one is {value} as said." for value in PLANTED.values())
    meta = html("meta", texts[1]).replace(b"<head>", b'<head><meta name="robots" content="index, noai">')
    pages = [
        response(f"{SITE}/personal", html("Of jane.doe@example.org", personal)),
        response(f"{SITE}/meta", meta),
        response(f"{SITE}/header", html("header", texts[2]), headers=[("X-Robots-Tag", "headwater: noindex")]),
        response(f"{SITE}/reserved", html("reserved", texts[3]), headers=[("TDM-Reservation", "1")]),
        response(f"{SITE}/other", html("other", texts[4]), headers=[("X-Robots-Tag", "otherbot: noindex")]),
        response(f"{SITE}/removed", html("removed", texts[5])),
        response("https://ads.blocked.example/", html("blocked", texts[6])),
        response(f"{SITE}/rude", html("rude", texts[7].replace(" the ", " darn "))),
    ]
    path = tmp_path_factory.mktemp("safety") / "safety.warc.gz"
    path.write_bytes(b"".join(pages))
    return open_crawl(str(path))


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    return Lake(str(tmp_path_factory.mktemp("lake")))


@pytest.fixture(scope="module")
def documents(lake: Lake, crawl: Crawl) -> Manifest:
    return ingest(lake, crawl, IngestConfig(), ENGINE).manifest


def rows(lake: Lake, manifest: Manifest, kind: str) -> dict[str, dict[str, Any]]:
    return {row["url"]: row for table in lake.read(manifest, kind) for row in table.to_pylist()}


def test_refusals_are_in_the_ledger_with_what_said_so(lake: Lake, documents: Manifest) -> None:
    ledger = rows(lake, documents, "ledger")
    assert {url: (row["reason"], row["detail"]) for url, row in ledger.items()} == {
        f"{SITE}/meta": ("opt_out:noai", '<meta name="robots" content="index, noai">'),
        f"{SITE}/header": ("opt_out:noindex", "X-Robots-Tag: headwater: noindex"),
        f"{SITE}/reserved": ("opt_out:tdm_reservation", "TDM-Reservation: 1"),
    }
    assert documents.counts.lost == 0 and f"{SITE}/other" in rows(lake, documents, "documents")


def test_lists_drop_and_decide_the_address_by_their_content(lake: Lake, crawl: Crawl, tmp_path: Path) -> None:
    hosts, removals = tmp_path / "hosts.txt", tmp_path / "removals.txt"
    hosts.write_text("blocked.example\n")
    removals.write_text(f"{SITE}/removed\n{document_id(crawl.id, crawl.files[0].name, 0).hex()}\n")
    config = IngestConfig(opt_out=OptOutConfig(hosts=str(hosts), removals=str(removals)))
    listed = ingest(lake, crawl, config, ENGINE)
    reasons = {url: row["reason"] for url, row in rows(lake, listed.manifest, "ledger").items()}
    assert reasons[f"{SITE}/removed"] == reasons[f"{SITE}/personal"] == "opt_out:removal_list"
    assert reasons["https://ads.blocked.example/"] == "blocked:host"
    assert str(tmp_path) not in str(listed.manifest.config)

    moved = hosts.rename(tmp_path / "moved.txt")
    config = replace(config, opt_out=replace(config.opt_out, hosts=str(moved)))
    assert ingest(lake, crawl, config, ENGINE).reused
    moved.write_text("another.example\n")
    assert not ingest(lake, crawl, config, ENGINE).reused


def test_nothing_personal_is_published(lake: Lake, documents: Manifest) -> None:
    cleaned = clean(lake, documents, CleanConfig(), ENGINE).manifest
    row = rows(lake, cleaned, "documents")[f"{SITE}/personal"]
    assert row["title"] == "Of <EMAIL>"
    for kind, value in PLANTED.items():
        assert value not in row["text"] and f"<{kind.upper()}>" in row["text"]
        assert row["masked"][kind] >= 1
        assert cleaned.figures[f"masked:{kind}"] >= 1
    assert row["masked"]["email"] == 3 and row["masked"]["resident_id"] == 0
    assert checks.no_personal_data(lake, cleaned, CleanConfig().mask).passed


def test_the_check_finds_what_was_not_masked(lake: Lake, documents: Manifest) -> None:
    bare = clean(lake, documents, CleanConfig(mask=()), ENGINE).manifest
    assert PLANTED["email"] in rows(lake, bare, "documents")[f"{SITE}/personal"]["text"]
    result = checks.no_personal_data(lake, bare, CleanConfig().mask)
    assert not result.passed
    assert {"email", "card", "iban", "ssn", "private_key"} <= result.metadata.keys()
    with pytest.raises(ValueError, match="names"):
        CleanConfig(mask=("names",))


def test_bad_words_drop_only_with_lists(lake: Lake, documents: Manifest, tmp_path: Path) -> None:
    (tmp_path / "en").write_text("darn\n")
    assert f"{SITE}/rude" in rows(lake, clean(lake, documents, CleanConfig(), ENGINE).manifest, "documents")
    config = CleanConfig(bad_words=BadWordConfig(folder=str(tmp_path)))
    row = rows(lake, clean(lake, documents, config, ENGINE).manifest, "ledger")[f"{SITE}/rude"]
    assert row["reason"] == "bad_words" and row["detail"].startswith("darn ")
    assert row["rules"][-1]["value"] > row["rules"][-1]["threshold"] == 0.02
    (tmp_path / "en").write_text("nothing\n")
    assert not clean(lake, documents, config, ENGINE).reused


def test_lists_from_the_command_line(crawl: Crawl, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "hosts").write_text("blocked.example\n")
    (tmp_path / "words").mkdir()
    (tmp_path / "words" / "en.txt").write_text("darn\n")
    flags = ["--lake", str(tmp_path / "lake"), "--workers", "1"]
    assert main(["ingest", "--crawl", crawl.files[0].url, "--blocked-hosts", str(tmp_path / "hosts"), *flags]) == 0
    said = capsys.readouterr().out
    assert "1 blocked:host" in said
    assert main(["clean", said.split()[0], "--bad-words", str(tmp_path / "words"), *flags]) == 0
    assert "1 bad_words" in capsys.readouterr().out
    assert main(["ingest", "--crawl", crawl.files[0].url, "--removals", str(tmp_path / "nowhere"), *flags]) == 1
    assert "nowhere" in capsys.readouterr().err

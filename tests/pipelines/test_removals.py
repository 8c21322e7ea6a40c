"""Ingest obeys the removal list of its lake, whatever the records are, and finds what it need not compute."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from crawls import DATE, html, response

from corpus.crawl.warc_writer import record, record_id
from corpus.lake.manifest import Manifest
from corpus.lake.store import Lake
from corpus.sources import open_crawl
from pipelines.blocks import IngestConfig
from pipelines.commands import main
from pipelines.engine import Engine
from pipelines.ingestion import ingest
from pipelines.parts import StageError

TEXT = "A page about the weather of the harbour, with enough words to be a page. " * 5
URLS = ("https://a.example/1", "https://a.example/2", "https://sub.a.example/3", "https://b.example/4")

pytestmark = pytest.mark.usefixtures("in_process")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "crawl"
    folder.mkdir()
    target, kind = "https://a.example/torn", "application/http; msgtype=response"
    torn = record("response", record_id("response", target, DATE), DATE, [("WARC-Target-URI", target)], kind, b"HTP/1")
    pages = [response(url, html(url, f"{url} {TEXT}")) for url in URLS]
    headers = [("WARC-Target-URI", "https://b.example/again"), ("WARC-Refers-To-Target-URI", URLS[0])]
    headers += [("WARC-Refers-To-Date", DATE), ("WARC-Profile", PROFILE)]
    again = record("revisit", record_id("revisit", URLS[0], DATE), DATE, headers, "application/http", b"")
    (folder / "a.warc.gz").write_bytes(b"".join([*pages, again, torn]))
    (folder / "b.jsonl").write_text(json.dumps({"url": "https://a.example/text", "text": TEXT}) + "\n")
    return folder


PROFILE = "http://netpreserve.org/warc/1.1/revisit/identical-payload-digest"


def ingested(lake: Lake, folder: Path, entries: str, config: IngestConfig | None = None) -> Manifest:
    lake.write(lake.path("removals.txt"), entries.encode())
    return ingest(lake, open_crawl(str(folder)), config or IngestConfig(), Engine(workers=1)).manifest


def urls(lake: Lake, manifest: Manifest, kind: str = "documents") -> list[Any]:
    return [url for table in lake.read(manifest, kind, ["url"]) for url in table["url"].to_pylist()]


def test_a_host_goes_with_its_texts_and_what_could_not_be_read(folder: Path, tmp_path: Path) -> None:
    lake = Lake(str(tmp_path / "lake"))
    whole = ingested(lake, folder, "")
    assert whole.counts.kept == 5 and sum(whole.counts.quarantined.values()) == 1
    left = ingested(lake, folder, "host:a.example\n")
    assert urls(lake, left) == [URLS[3]] and urls(lake, left, "quarantine") == []
    assert left.counts.dropped["opt_out:removal_list"] == 5 and left.counts.lost == 0
    [revisit] = [row for table in lake.read(left, "ledger") for row in table.to_pylist() if row["url"] == AGAIN]
    assert revisit["reason"] == "revisit" and revisit["keeper"] is None, "it stays the other host's record"


AGAIN = "https://b.example/again"


def test_an_address_without_entries_is_what_it_was(folder: Path, tmp_path: Path) -> None:
    plain, listed = Lake(str(tmp_path / "plain")), Lake(str(tmp_path / "listed"))
    found = ingest(plain, open_crawl(str(folder)), IngestConfig(), Engine(workers=1)).manifest
    assert ingested(listed, folder, "# nothing yet\n").digest == found.digest


def test_what_holds_nothing_of_an_entry_is_found(folder: Path, tmp_path: Path) -> None:
    lake = Lake(str(tmp_path / "lake"))
    whole = ingested(lake, folder, "")
    assert ingested(lake, folder, "host:never.example\n") == whole
    one = ingested(lake, folder, "host:never.example\nurl:a.example/1\n")
    assert one != whole and URLS[0] not in urls(lake, one) and URLS[1] in urls(lake, one)
    assert ingested(lake, folder, "host:never.example\nurl:a.example/1\nhost:other.example\n") == one
    assert ingested(lake, folder, "host:never.example\n") == whole, "an entry that was taken out brings its page back"
    other = ingested(lake, folder, "host:never.example\n", IngestConfig(block_bytes=1 << 10))
    assert other.address != whole.address


def test_nothing_is_left_of_a_crawl(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(
        StageError, match=r"none of 7 records is a document with text \(opt_out:removal_list 6, revisit 1\)"
    ):
        ingested(Lake(str(tmp_path / "lake")), folder, "host:example\n")


def test_the_command_obeys_too(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lake = tmp_path / "lake"
    lake.mkdir()
    (lake / "removals.txt").write_text("host:a.example\n")
    assert main(["ingest", "--crawl", str(folder), "--lake", str(lake), "--workers", "1"]) == 0
    assert "5 opt_out:removal_list" in capsys.readouterr().out
    (lake / "removals.txt").write_text("host:a.example\nhost:\n")
    assert main(["ingest", "--crawl", str(folder), "--lake", str(lake), "--workers", "1"]) == 1
    assert "removals.txt:2: 'host:' is no host" in capsys.readouterr().err

"""Lineage: the bytes at a document's place in its WARC are the page that was ingested."""

from __future__ import annotations

from pathlib import Path

import pytest
from warc_bytes import HTML, http, member, read, record

from corpus.archive.pages import Page, read_page
from corpus.archive.parsing import Record
from corpus.lineage.reread import payload_digest


@pytest.mark.parametrize("compressed", [True, False], ids=["gzip", "plain"])
def test_each_record_is_found_by_its_place_alone(compressed: bool, tmp_path: Path) -> None:
    parts = [record(http(HTML * times)) for times in (1, 2, 3)]
    path = tmp_path / "crawl.warc"
    path.write_bytes(b"".join(member(part) if compressed else part for part in parts))
    for found in read(path.read_bytes()):
        assert isinstance(found, Record)
        page = read_page(found.warc)
        assert isinstance(page, Page)
        origin = {"warc_offset": found.offset, "warc_length": found.length}
        assert payload_digest(str(path), origin) == page.payload_digest


@pytest.mark.parametrize("offset", [1, 40, 10**6])
def test_another_file_at_that_place_is_refused(offset: int, tmp_path: Path) -> None:
    path = tmp_path / "crawl.warc.gz"
    path.write_bytes(member(record()) * 2)
    with pytest.raises(ValueError, match=f"has no record at {offset}: it is not the file that was ingested"):
        payload_digest(str(path), {"warc_offset": offset, "warc_length": 100})


def test_a_record_that_is_no_page_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "crawl.warc.gz"
    path.write_bytes(member(record(http(status="404 Not Found"))))
    with pytest.raises(ValueError, match="has no page at 0, but http_status"):
        payload_digest(str(path), {"warc_offset": 0, "warc_length": path.stat().st_size})

"""Every row of FAULTS.md under Ingest that is about records: what is no page, what names itself badly, what refuses."""

from __future__ import annotations

import bz2
import hashlib
import io
import itertools
from collections.abc import Callable
from pathlib import Path

import lz4.frame
import pytest
from backports import zstd
from ingest_faults import AFTER, BEFORE, ENGINE, PROSE, between, page
from warc_bytes import http, member, record

from corpus.archive.parsing import DamagedRange
from corpus.archive.ranges import FileRange
from corpus.archive.records import read_records
from corpus.lake.store import Lake
from corpus.lake.verification import find_damage
from corpus.optout.blocklists import OptOutConfig
from corpus.sources import open_crawl
from pipelines.blocks import IngestConfig
from pipelines.ingestion import ingest

NO_PAGES = {
    "request": (record(b"GET / HTTP/1.1\r\n\r\n", kind="request"), "not_a_response:request"),
    "revisit": (record(b"HTTP/1.1 200 OK\r\n\r\n", kind="revisit"), "revisit"),
    "404": (record(http(status="404 Not Found")), "http_status"),
    "304": (record(http(b"", status="304 Not Modified")), "http_status"),
    "empty": (record(http(b"")), "empty_body"),
    "blank": (record(http(b" \r\n\t ")), "empty_body"),
    "picture behind HTML": (record(http(b"\x89PNG\r\n\x1a\n" + bytes(range(256)))), "not_html"),
    "PDF behind HTML": (record(http(b"%PDF-1.7\n<< /Type /Catalog >>")), "not_html"),
    "zip behind HTML": (record(http(b"PK\x03\x04" + bytes(99))), "not_html"),
    "zeros behind HTML": (record(http(bytes(300))), "not_html"),
    "JSON behind HTML": (record(http(b' {"text": "<p>Water</p>"}')), "not_html"),
    "JSON": (record(http(b"{}", kind="application/json")), "not_html"),
}


@pytest.mark.parametrize("name", NO_PAGES)
def test_revisit_request_non_200_empty_body_non_html_behind_an_html_header(name: str, tmp_path: Path) -> None:
    data, reason = NO_PAGES[name]
    assert between(tmp_path, member(data)).lost == [("dropped", reason)]


def test_text_that_looks_like_json_is_a_page(tmp_path: Path) -> None:
    odd = PROSE.replace(b"<html>", b"[Chorus] <html>")
    assert len(between(tmp_path, member(page("http://river.example/song", odd))).urls) == 3


def test_revisit_resolves_where_its_original_is_there(tmp_path: Path) -> None:
    """The ledger names the document that the revisit stands for, in whatever file it is, or what it says of it."""

    def revisit(url: str, date: str) -> bytes:
        said = f"WARC-Refers-To-Target-URI: {url}\r\nWARC-Refers-To-Date: {date}\r\nWARC-Type"
        data = record(b"HTTP/1.1 200 OK\r\n\r\n", kind="revisit", uri=url, date="2025-01-01T00:00:00Z")
        return member(data.replace(b"WARC-Type", said.encode(), 1))

    place = tmp_path / "crawl"
    place.mkdir()
    date = "2024-05-06T07:08:09Z"
    (place / "a.warc.gz").write_bytes(
        revisit(BEFORE, date) + revisit(BEFORE, "2023-01-01T00:00:00Z") + revisit(BEFORE, "?") + member(page(AFTER))
    )
    (place / "b.warc.gz").write_bytes(member(page(BEFORE, date=date)))
    lake = Lake(str(tmp_path / "lake"))
    manifest = ingest(lake, open_crawl(str(place)), IngestConfig(), ENGINE).manifest
    ids = {row["url"]: row["doc_id"] for table in lake.read(manifest, "documents") for row in table.to_pylist()}
    ledger = [row for table in lake.read(manifest, "ledger") for row in table.to_pylist()]
    assert [row["keeper"] for row in ledger] == [ids[BEFORE], None, None]
    assert all(row["reason"] == "revisit" for row in ledger)
    assert ledger[0]["detail"] == f"WARC-Refers-To-Target-URI: {BEFORE}; WARC-Refers-To-Date: {date}"
    assert not list(find_damage(lake, manifest))


ID = b"WARC-Record-ID: <urn:uuid:6a3d1c2e-0000-4000-8000-000000000000>\r\nWARC-Type"


ODD = {
    "no record id": (page("http://river.example/odd"), "http://river.example/odd", True, {"no_record_id"}),
    "no URI": (page(None).replace(b"WARC-Type", ID, 1), None, True, {"bad_url"}),  # type: ignore[arg-type]
    "huge URI": (page("http://river.example/" + "a" * 20_000).replace(b"WARC-Type", ID, 1), None, True, {"bad_url"}),
    "non-ASCII URI": (page("http://river.example/水").replace(b"WARC-Type", ID, 1), None, True, {"bad_url"}),
    "URI that is none": (page("http://[river/").replace(b"WARC-Type", ID, 1), None, True, {"bad_url"}),
    "1970": (
        page(date="1970-01-01T00:00:00Z").replace(b"WARC-Type", ID, 1),
        "http://river.example/",
        False,
        {"bad_date"},
    ),
    "future": (
        page(date="2999-01-01T00:00:00Z").replace(b"WARC-Type", ID, 1),
        "http://river.example/",
        False,
        {"bad_date"},
    ),
    "no date": (page(date="yesterday").replace(b"WARC-Type", ID, 1), "http://river.example/", False, {"bad_date"}),
}


@pytest.mark.parametrize("name", ODD)
def test_missing_or_duplicate_record_id_missing_huge_or_non_ascii_uri_a_date_in_1970_or_the_future(
    name: str, tmp_path: Path
) -> None:
    data, url, dated, flags = ODD[name]
    document = between(tmp_path, member(data)).documents[1]
    assert (document["url"], document["fetched_at"] is not None) == (url, dated)
    assert set(document["flags"]) == flags
    assert (document["warc_file"], document["warc_offset"]) == ("a.warc", len(member(page(BEFORE))))


def test_duplicate_record_id(tmp_path: Path) -> None:
    same = member(page("http://river.example/odd").replace(b"WARC-Type", ID, 1))
    found = between(tmp_path, same + same)
    assert found.counts.kept == 4 and not found.documents[1]["flags"]
    assert found.documents[1]["doc_id"] != found.documents[2]["doc_id"], "identity is the place"


def test_a_url_that_is_none_is_heard_by_the_lists(tmp_path: Path) -> None:
    """It is null in what is published, and a removal list names it all the same."""
    (tmp_path / "removals.txt").write_text("http://river.example/水\n")
    odd = member(page("http://river.example/水"))
    found = between(tmp_path, odd, opt_out=OptOutConfig(removals=str(tmp_path / "removals.txt")))
    assert found.lost == [("dropped", "opt_out:removal_list")]


def _meta(name: str, content: str) -> bytes:
    return PROSE.replace(b"<body>", f'<head><meta name="{name}" content="{content}"></head><body>'.encode())


REFUSALS = {
    "opt_out:noai": [page(body=_meta("robots", "noai")), page("http://a.example/", PROSE, "X-Robots-Tag: noai")],
    "opt_out:noindex": [page(body=_meta("robots", "noindex")), page("http://a.example/", PROSE, "X-Robots-Tag: none")],
    "opt_out:tdm_reservation": [
        page(body=_meta("tdm-reservation", "1")),
        page("http://a.example/", PROSE, "TDM-Reservation: 1"),
    ],
    "opt_out:removal_list": [page("http://removed.example/")],
}


@pytest.mark.parametrize("reason", REFUSALS)
def test_x_robots_tag_meta_robots_tdm_reservation_a_removal_list(reason: str, tmp_path: Path) -> None:
    (tmp_path / "removals.txt").write_text("https://removed.example\n")
    lists = OptOutConfig(removals=str(tmp_path / "removals.txt"))
    found = between(tmp_path, b"".join(map(member, REFUSALS[reason])), opt_out=lists)
    assert found.lost == [("dropped", reason)] * len(REFUSALS[reason])
    assert all(row["detail"] for row in found.ledger)


@pytest.mark.parametrize("pack", [zstd.compress, lz4.frame.compress, bz2.compress], ids=["zstd", "lz4", "bzip2"])
def test_a_member_whose_first_block_is_long_is_found(pack: Callable[[bytes], bytes]) -> None:
    """zstd and lz4 show nothing of a block before all of it is there. Ranges and damage have to find such members."""
    noise = b"".join(hashlib.sha256(bytes([n % 256, n // 256])).digest() for n in range(6_000))
    parts = [pack(record(http(b"<p>" + noise + bytes([n])))) for n in range(4)]
    data = b"".join([parts[0], b"garbage", *parts[1:]])
    starts = list(itertools.accumulate(map(len, parts), initial=0))
    found = list(read_records(io.BytesIO(data), len(data), FileRange(start=0, stop=len(data))))
    assert [isinstance(item, DamagedRange) for item in found] == [False, True, False, False, False]
    span = FileRange(start=starts[1] + 10, stop=len(data))
    list(read_records(io.BytesIO(data), len(data), span))
    assert span.begins == starts[2] + len(b"garbage")

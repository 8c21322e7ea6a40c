"""Faults of crawl files: each row of the fault table under "Ingest" by its name, and what becomes of the record, of its
neighbours and of the count. What a row says of single functions is held by the tests that tests/test_faults.py names.

A bad record stands between two good ones, which are documents whatever it is.
"""

from __future__ import annotations

import bz2
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import lz4.frame
import pytest
from accounts import account
from backports import zstd
from ingest_faults import AFTER, BEFORE, ENGINE, PROSE, between, page
from mutations import arc
from warc_bytes import http, member

from corpus.lake.store import Lake
from corpus.sources import open_crawl
from pipelines.blocks import IngestConfig
from pipelines.ingestion import ingest
from pipelines.parts import StageError


@pytest.mark.parametrize(
    "pack", [member, zstd.compress, lz4.frame.compress, bytes], ids=["gzip", "zstd", "lz4", "plain"]
)
def test_truncated_last_member_or_file(pack: Callable[[bytes], bytes], tmp_path: Path) -> None:
    whole = [pack(page(f"http://river.example/{n}")) for n in range(3)]
    cut = b"".join(whole)[: -len(whole[2]) // 2]
    found = account(tmp_path, {"a.warc": cut})
    assert found.urls == ["http://river.example/0", "http://river.example/1"]
    assert found.lost == [("quarantined", "truncated")]
    assert cut.endswith(found.quarantine[0]["raw"]) and found.quarantine[0]["warc_file"] == "a.warc"
    assert found.quarantine[0]["warc_offset"] == sum(map(len, whole[:2]))


def _flipped(data: bytes) -> bytes:
    return data[: len(data) // 2] + bytes([data[len(data) // 2] ^ 0x55]) + data[len(data) // 2 + 1 :]


CORRUPT = {
    "deflate stream": _flipped(member(page())),
    "CRC": member(page())[:-8] + b"\1\2\3\4" + member(page())[-4:],
    "zero bytes between members": bytes(5_000),
    "a page between members": b"<html>502 Bad Gateway</html>",
    "a member without its start": member(page())[7:],
}


@pytest.mark.parametrize("name", CORRUPT)
def test_corrupt_deflate_stream_or_crc_in_the_middle_or_zero_bytes_between_members(name: str, tmp_path: Path) -> None:
    found = between(tmp_path, CORRUPT[name])
    assert found.lost == [("quarantined", "corrupt_gzip")]
    [lost] = found.quarantine
    assert (lost["warc_offset"], lost["warc_length"]) == (len(member(page(BEFORE))), len(CORRUPT[name]))
    assert lost["raw"] == CORRUPT[name]


def test_corrupt_member_of_several_records(tmp_path: Path) -> None:
    """Compressed a few records at a time: the damaged member is lost, and those behind it are read."""
    members = [member(page(f"http://river.example/{n}") + page(f"http://river.example/{n}b")) for n in range(4)]
    damaged = members[1][: len(members[1]) // 2] + b"\xff\xff" + members[1][len(members[1]) // 2 + 2 :]
    found = account(tmp_path, {"a.warc.gz": members[0] + damaged + members[2] + members[3]})
    assert {"http://river.example/0", "http://river.example/2", "http://river.example/3b"} <= set(found.urls)
    assert ("quarantined", "corrupt_gzip") in found.lost and found.counts.kept >= 6


def test_corrupt_above_a_set_share(tmp_path: Path) -> None:
    """The stage stops, names file and offset, and publishes nothing; below the share it goes on."""
    place = tmp_path / "crawl"
    place.mkdir()
    good = member(page(BEFORE))
    (place / "good.warc.gz").write_bytes(good * 3)
    (place / "rotten.warc.gz").write_bytes(good + b"\0" * len(good))
    lake, crawl = Lake(str(tmp_path / "lake")), open_crawl(str(place))
    said = rf"20% of the crawl .* 10% .* worst is rotten\.warc\.gz: 50% of it, first at offset {len(good)};.*nothing"
    with pytest.raises(StageError, match=said):
        ingest(lake, crawl, IngestConfig(max_broken=0.1), ENGINE)
    assert not list(lake.datasets("documents"))
    manifest = ingest(lake, crawl, IngestConfig(), ENGINE).manifest
    assert manifest.counts.kept == 4 and manifest.counts.quarantined == {"corrupt_gzip": 1}
    assert manifest.figures["broken_bytes"] == len(good)


def test_html_error_page_or_zero_bytes_named_warc_gz(tmp_path: Path) -> None:
    bad = {
        "page.warc.gz": b"<html><body>503 Slow Down</body></html>",
        "packed.warc.gz": member(b"<html><body>503 Slow Down</body></html>"),
        "empty.warc.gz": b"",
        "nothing.warc.gz": member(b""),
        "zeros.warc.gz": bytes(100),
    }
    found = account(tmp_path, {**bad, "good.warc.gz": member(page(BEFORE))})
    assert found.urls == [BEFORE] and not found.lost
    assert found.skipped.keys() == bad.keys()
    assert "begins with b'<html><body>503" in found.skipped["page.warc.gz"]
    assert "begins with gzip of b'<html><body>503" in found.skipped["packed.warc.gz"]
    assert found.skipped["empty.warc.gz"] == "it is empty (0 bytes)"
    assert found.skipped["nothing.warc.gz"] == "it is empty (gzip of 0 bytes)"
    assert r"begins with b'\x00\x00" in found.skipped["zeros.warc.gz"]


def test_whole_file_gzip_plain_zst_arc(tmp_path: Path) -> None:
    records = [page(f"http://river.example/{n}") for n in range(3)]
    arcs = [arc(http(PROSE), n) for n in range(3)]
    files = {
        "one.warc.gz": b"".join(map(member, records)),
        "whole.warc.gz": member(b"".join(records)),
        "plain.warc": b"".join(records),
        "one.warc.zst": b"".join(map(zstd.compress, records)),
        "whole.warc.zst": zstd.compress(b"".join(records)),
        "one.warc.lz4": b"".join(map(lz4.frame.compress, records)),
        "whole.warc.bz2": bz2.compress(b"".join(records)),
        "plain.arc": b"".join(arcs),
        "one.arc.gz": b"".join(map(member, arcs)),
        "7z.warc.7z": b"7z\xbc\xaf\x27\x1c" + bytes(50),
    }
    found = account(tmp_path, files)
    assert sorted(found.urls) == sorted(f"http://river.example/{n}" for n in range(3) for _ in range(9))
    assert not found.lost and "7z" in found.skipped["7z.warc.7z"]


RIGHT = len(http(PROSE))


LENGTHS = [
    str(RIGHT - 1),
    str(RIGHT - 60),
    "30",
    "0",
    str(RIGHT + 5),
    str(RIGHT + 300),
    None,
    "-1",
    "1" + "0" * 18,
    "x",
]


@pytest.mark.parametrize("length", LENGTHS)
@pytest.mark.parametrize("pack", [member, bytes], ids=["gzip", "plain"])
def test_record_length_too_small_too_large_missing_negative_huge(
    pack: Callable[[bytes], bytes], length: str | None, tmp_path: Path
) -> None:
    tracemalloc.start()
    found = between(tmp_path, pack(page(length=length)), pack)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert found.urls == [BEFORE, AFTER], "a page was cut, or has its neighbour in it"
    assert {outcome for outcome, _ in found.lost} == {"quarantined"}
    assert found.quarantine[0]["warc_offset"] == len(pack(page(BEFORE)).rstrip(b"\r\n")) + 4 * (pack is bytes)
    assert peak < 32 << 20, "memory was taken by a header's word"

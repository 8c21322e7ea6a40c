"""Faults of crawl files: each row of the fault table under "Ingest" by its name, and what becomes of the record, of its
neighbours and of the count. What a row says of single functions is held by the tests that tests/test_faults.py names.

A bad record stands between two good ones, which are documents whatever it is.
"""

from __future__ import annotations

import base64
import bz2
import gzip
import hashlib
import io
import itertools
import tracemalloc
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import lz4.frame
import pytest
from accounts import Accounts, account
from backports import zstd
from mutations import arc
from warc_bytes import http, member, record

from corpus.archive.parsing import DamagedRange
from corpus.archive.ranges import FileRange
from corpus.archive.records import read_records
from corpus.lake.store import Lake
from corpus.optout.blocklists import OptOutConfig
from corpus.sources import open_crawl
from pipelines.blocks import IngestConfig
from pipelines.engine import Engine
from pipelines.ingest import ingest
from pipelines.parts import StageError

BEFORE, AFTER = "http://river.example/before", "http://river.example/after"
PROSE = b"<html><body>" + b"<p>Water runs downhill, and the river takes it to the sea.</p>" * 8 + b"</body></html>"
ENGINE = Engine(workers=1)


def page(url: str = "http://river.example/", body: bytes = PROSE, *headers: str, **rest: str | None) -> bytes:
    return record(http(body, *headers), uri=url, **rest)  # type: ignore[arg-type]


def between(folder: Path, bad: bytes, pack: Callable[[bytes], bytes] = member, **config: object) -> Accounts:
    """The accounts of a file with a part between two good records, which are documents."""
    data = pack(page(BEFORE)) + bad + pack(page(AFTER))
    found = account(folder, {"a.warc": data}, IngestConfig(**config))  # type: ignore[arg-type]
    assert (found.urls[0], found.urls[-1]) == (BEFORE, AFTER), "a neighbour was lost"
    return found


# Truncated last member or file ----------------------------------------------------------------------------------------


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


# Corrupt deflate stream or CRC in the middle; zero bytes between members ----------------------------------------------


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


# An HTML error page or zero bytes named .warc.gz ----------------------------------------------------------------------


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


# Whole-file gzip, plain .warc, .zst, ARC ------------------------------------------------------------------------------


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


# Record length too small, too large, missing, negative, 10^18 ---------------------------------------------------------

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


# Digest mismatch; WARC-Truncated; chunked body that is broken or already dechunked ------------------------------------


def _with(header: str, body: bytes = PROSE, *headers: str) -> bytes:
    return page("http://river.example/odd", body, *headers).replace(b"WARC-Type", header.encode() + b"\r\nWARC-Type", 1)


def _digest(payload: bytes) -> str:
    return "WARC-Payload-Digest: sha1:" + base64.b32encode(hashlib.sha1(payload).digest()).decode()


def _chunks(body: bytes, size: int = 100) -> bytes:
    parts = [body[start : start + size] for start in range(0, len(body), size)]
    return b"".join(b"%x;x=y\r\n%s\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"


CHUNKED = "Transfer-Encoding: chunked"
DOUBTFUL = {
    "another digest": (_with(_digest(b"another")), {"digest_mismatch"}),
    "another digest of the block": (_with(_digest(b"x").replace("Payload", "Block")), {"digest_mismatch"}),
    "WARC-Truncated": (_with("WARC-Truncated: length"), {"truncated"}),
    "chunks cut off": (_with("X: y", _chunks(PROSE)[:350], CHUNKED), {"cut_body"}),
    "a chunk's size is wrong": (
        _with("X: y", _chunks(PROSE).replace(b"\r\n64;", b"\r\n63;", 1), CHUNKED),
        {"cut_body"},
    ),
    "already dechunked": (_with("X: y", PROSE, CHUNKED), {"already_decoded"}),
    "gzip cut off": (_with("X: y", gzip.compress(PROSE * 9)[:-30], "Content-Encoding: gzip"), {"cut_body"}),
    "its digest": (_with(_digest(PROSE)), set()),
    "its digest in hex": (_with(f"WARC-Payload-Digest: sha256:{hashlib.sha256(PROSE).hexdigest()}"), set()),
    "its digest with chunks": (_with(_digest(_chunks(PROSE)), _chunks(PROSE), CHUNKED), set()),
    "its digest without chunks": (_with(_digest(PROSE), _chunks(PROSE), CHUNKED), set()),
    "a digest of no known kind": (_with("WARC-Payload-Digest: crc32:0"), set()),
}


@pytest.mark.parametrize("name", DOUBTFUL)
def test_digest_mismatch_truncated_chunked_broken_or_dechunked(name: str, tmp_path: Path) -> None:
    data, flags = DOUBTFUL[name]
    (tmp_path / "kept").mkdir()
    kept = between(tmp_path / "kept", member(data))
    document = kept.documents[1]
    assert set(document["flags"]) - {"no_record_id"} == flags
    assert "Water runs downhill" in document["text"]
    assert "64" not in document["text"] and "x=y" not in document["text"], "the size of a chunk is no text"
    strict = between(tmp_path, member(data), quarantine=("digest_mismatch", "truncated", "cut_body", "already_decoded"))
    assert strict.lost == [("quarantined", flag) for flag in flags]
    assert [row["raw"] for row in strict.quarantine] == [data for _ in flags]


def test_an_unknown_flag_is_refused() -> None:
    with pytest.raises(ValueError, match=r"cannot quarantine \['digest'\]: there are .*digest_mismatch"):
        IngestConfig(quarantine=("digest",))


# Content-Encoding -----------------------------------------------------------------------------------------------------


def _raw_deflate(body: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return packer.compress(body) + packer.flush()


ENCODED = {
    "gzip": gzip.compress(PROSE),
    "x-gzip": gzip.compress(PROSE),
    "deflate": zlib.compress(PROSE),
    "Deflate": _raw_deflate(PROSE),
    "zstd": zstd.compress(PROSE),
    "gzip, gzip": gzip.compress(gzip.compress(PROSE)),
    "deflate, zstd": zstd.compress(zlib.compress(PROSE)),
    "identity": PROSE,
}


@pytest.mark.parametrize("name", [*ENCODED, "br"])
def test_content_encodings(name: str, tmp_path: Path) -> None:
    if name == "br":
        packed = pytest.importorskip("brotli", reason="brotli is not installed: it packs the input").compress(PROSE)
    else:
        packed = ENCODED[name]
    found = between(tmp_path, member(page("http://river.example/odd", packed, f"Content-Encoding: {name}")))
    assert found.documents[1]["text"] == found.documents[0]["text"] and not found.lost


@pytest.mark.parametrize("name", ["sdch", "gzip, compress", "\x01"])
def test_content_encodings_that_nobody_knows(name: str, tmp_path: Path) -> None:
    found = between(tmp_path, member(page("http://river.example/odd", PROSE, f"Content-Encoding: {name}")))
    assert found.lost == [("dropped", "unknown_encoding")]
    assert found.ledger[0]["detail"] == name.split(", ")[-1]


# Decompression bomb in a body or in the WARC layer --------------------------------------------------------------------


def _repeated(head: bytes, unit: bytes, times: int) -> bytes:
    """A gzip member of `head` and `times` times `unit`, made in the time of one: a full flush can be repeated."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    start = packer.compress(head) + packer.flush(zlib.Z_FULL_FLUSH)
    once = packer.compress(unit) + packer.flush(zlib.Z_FULL_FLUSH)
    check = zlib.crc32(head)
    for _ in range(times):
        check = zlib.crc32(unit, check)
    size = (len(head) + len(unit) * times) & 0xFFFFFFFF
    end = packer.flush() + check.to_bytes(4, "little") + size.to_bytes(4, "little")
    return b"\x1f\x8b\x08\0\0\0\0\0\0\xff" + start + once * times + end


@pytest.fixture
def little_memory() -> Iterator[None]:
    """No more than what one record, one body and what is read of the file take."""
    tracemalloc.start()
    yield
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 192 << 20


BOMBS = {
    "gzip": lambda: _repeated(b"<p>", bytes(16 << 20), 16),
    "deflate": lambda: zlib.compress(b"<p>" + bytes(64 << 20)),
    "zstd": lambda: zstd.compress(b"<p>" + bytes(256 << 20)),
    "gzip, gzip": lambda: gzip.compress(_repeated(b"<p>", bytes(16 << 20), 16)),
}


@pytest.mark.parametrize("name", BOMBS)
def test_decompression_bomb_in_a_body(name: str, tmp_path: Path) -> None:
    bomb = member(page("http://river.example/bomb", BOMBS[name](), f"Content-Encoding: {name}"))
    tracemalloc.start()
    found = between(tmp_path, bomb)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert found.lost == [("dropped", "bomb")]
    assert peak < 64 << 20


def test_decompression_bomb_in_the_warc_layer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, little_memory: None
) -> None:
    monkeypatch.setattr("corpus.archive.members.MAX_DECOMPRESSED", 256 << 20)
    whole = page(length=str(1 << 40)).split(b"<html>")[0]
    bomb = _repeated(whole, bytes(16 << 20), 64)
    found = between(tmp_path, bomb)
    assert found.lost == [("dropped", "bomb")]
    assert (found.ledger[0]["warc_offset"], found.ledger[0]["warc_length"]) == (len(member(page(BEFORE))), len(bomb))


def test_decompression_bomb_in_a_file_compressed_as_a_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, little_memory: None
) -> None:
    monkeypatch.setattr("corpus.archive.members.MAX_DECOMPRESSED", 128 << 20)
    bomb = _repeated(page(BEFORE) + page(AFTER), bytes(16 << 20), 32)
    found = account(tmp_path, {"a.warc.gz": bomb})
    assert found.urls == [BEFORE, AFTER]
    assert found.lost[-1] == ("dropped", "bomb")


# 2 GiB record ---------------------------------------------------------------------------------------------------------

TWO_GIB = 2 << 30


@pytest.mark.parametrize("pack", ["gzip", "zstd", "plain", "whole gzip"])
def test_two_gib_record(pack: str, tmp_path: Path, little_memory: None) -> None:
    head = page("http://river.example/big", length=str(TWO_GIB)).split(b"HTTP/1.1")[0]
    path, before, after = tmp_path / "a.warc", page(BEFORE), page(AFTER)
    big = head + bytes(0)
    match pack:
        case "gzip":
            path.write_bytes(member(before) + _repeated(head, bytes(16 << 20), 128) + member(after))
        case "whole gzip":
            path.write_bytes(_repeated(before + head, bytes(16 << 20), 128) + member(b"\r\n\r\n" + after))
        case "zstd":
            packer = zstd.ZstdCompressor()
            parts = [packer.compress(big), *(packer.compress(bytes(16 << 20)) for _ in range(128)), packer.flush()]
            path.write_bytes(zstd.compress(before) + b"".join(parts) + zstd.compress(after))
        case _:
            with open(path, "wb") as file:
                file.write(before + head)
                file.seek(TWO_GIB, 1)
                file.write(b"\r\n\r\n" + after)
    found = account(tmp_path, {"a.warc": path})
    assert found.urls == [BEFORE, AFTER]
    assert found.lost == [("dropped", "too_large")]


# Revisit, request, non-200, empty body, non-HTML behind an HTML header ------------------------------------------------

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
    assert not list(lake.problems(manifest))


# Missing or duplicate record id; missing, huge or non-ASCII URI; a date in 1970 or the future -------------------------

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


# X-Robots-Tag, meta robots noai / noindex, TDM reservation, a removal list --------------------------------------------


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


# Ranges ---------------------------------------------------------------------------------------------------------------


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

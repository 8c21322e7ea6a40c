"""Every row of FAULTS.md under Ingest that is about what a server sent: bodies, encodings, headers, refusals."""

from __future__ import annotations

import base64
import gzip
import hashlib
import tracemalloc
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from accounts import account
from backports import zstd
from ingest_faults import AFTER, BEFORE, PROSE, between, page
from warc_bytes import member

from pipelines.blocks import IngestConfig


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
    packed = page("http://river.example/odd", bytes(range(128, 256)) * 20, f"Content-Encoding: {name}")
    found = between(tmp_path, member(packed))
    assert found.lost == [("dropped", "unknown_encoding")]
    assert found.ledger[0]["detail"] == name.split(", ")[-1]


@pytest.mark.parametrize("name", ["none", "UTF-8", "sdch", "gzip, compress"])
def test_markup_in_plain_sight_is_read_whatever_its_encoding_is_called(name: str, tmp_path: Path) -> None:
    found = between(tmp_path, member(page("http://river.example/odd", PROSE, f"Content-Encoding: {name}")))
    assert found.documents[1]["text"] == found.documents[0]["text"] and not found.lost


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

"""WARC: every whole record is read, and damage costs the damaged record alone."""

from __future__ import annotations

import io
import itertools
import zlib

import pytest
from fastwarc.warc import WarcRecordType
from warc_bytes import HTML, http, member, outcomes, read, record, three

from corpus.archive import codecs, members, parsing
from corpus.archive.parsing import DamagedRange, Record
from corpus.archive.ranges import FileRange
from corpus.archive.records import read_records


def body(found: Record | DamagedRange) -> bytes:
    assert isinstance(found, Record)
    return found.warc.reader.read()


@pytest.mark.parametrize("compressed", [True, False], ids=["gzip", "plain"])
@pytest.mark.parametrize("end", [b"\r\n", b"\n"], ids=["crlf", "lf"])
@pytest.mark.parametrize("version", ["0.17", "0.18", "1.0", "1.1"])
def test_whole_records_are_read_with_their_place(version: str, end: bytes, compressed: bool) -> None:
    blocks = [http(HTML * times) for times in (1, 2, 3)]
    parts = [record(block, version=version, end=end) for block in blocks]
    parts = [member(part) for part in parts] if compressed else parts
    data = b"".join(parts)
    found = read(data)
    assert [body(item) for item in found] == blocks
    assert all(item.warc.record_type == WarcRecordType.response for item in found if isinstance(item, Record))
    if compressed:
        assert [data[item.offset : item.offset + item.length] for item in found] == parts
    else:  # a plain record ends with its block; the blank lines belong to nobody
        assert [data[item.offset : item.offset + item.length] for item in found] == [part.rstrip() for part in parts]


def test_an_empty_file_has_no_records() -> None:
    assert read(b"") == []


@pytest.mark.parametrize("compressed", [True, False], ids=["gzip", "plain"])
def test_a_truncated_last_record_is_quarantined_and_the_others_kept(compressed: bool) -> None:
    parts = three(compressed=compressed)
    data = b"".join(parts)[:-60]
    *kept, last = outcomes(read(data))
    assert [outcome for _, _, outcome in kept] == ["record", "record"]
    offset = len(parts[0]) + len(parts[1])
    assert last == (offset, len(data) - offset, "truncated")


def test_a_flipped_bit_costs_the_record_that_it_is_in() -> None:
    parts = three()
    spans = [(0, len(parts[0])), (len(parts[0]), len(parts[1])), (len(parts[0]) + len(parts[1]), len(parts[2]))]
    for place in range(len(parts[1])):
        damaged = bytearray(parts[1])
        damaged[place] ^= 0x10
        found = read(parts[0] + bytes(damaged) + parts[2])
        assert outcomes(found)[0] == (*spans[0], "record")
        assert outcomes(found)[-1] == (*spans[2], "record"), place
        assert [item[:2] for item in outcomes(found)[1:-1]] == [spans[1]], place
        if isinstance(found[1], Record):  # a bit that means nothing: the member's time, or padding
            assert body(found[1]) == body(read(parts[1])[0])


def test_a_wrong_checksum_is_corrupt_although_all_bytes_decompress() -> None:
    first, second, third = three()
    wrong = second[:-8] + (zlib.crc32(b"other") & 0xFFFFFFFF).to_bytes(4, "little") + second[-4:]
    assert [what for *_, what in outcomes(read(first + wrong + third))] == ["record", "corrupt_gzip", "record"]


def test_zero_bytes_between_members_are_reported_and_passed() -> None:
    first, second, third = three()
    found = outcomes(read(first + b"\0" * 512 + second + third))
    assert [what for *_, what in found] == ["record", "corrupt_gzip", "record", "record"]
    assert found[1][:2] == (len(first), 512)


def test_a_member_that_is_no_record_is_quarantined() -> None:
    first, second, _ = three()
    found = outcomes(read(first + member(b"<html>an error page</html>") + second))
    assert [what for *_, what in found] == ["record", "bad_warc_header", "record"]


def test_a_file_that_is_no_warc_is_one_broken_range() -> None:
    page = b"<html>502 Bad Gateway</html>" * 100
    assert outcomes(read(page)) == [(0, len(page), "bad_warc_header")]


@pytest.mark.parametrize("parts", [1, 3], ids=["one member", "members that cut records"])
def test_a_file_that_was_compressed_as_a_whole_is_read_by_its_content(parts: int) -> None:
    plain = b"".join(three(compressed=False))
    edges = [len(plain) * part // parts for part in range(parts + 1)]
    packed = b"".join(member(plain[first:last]) for first, last in itertools.pairwise(edges))
    assert outcomes(read(packed)) == outcomes(read(plain))
    *kept, last = outcomes(read(packed[:-8]))  # without the last member's checksum
    assert kept == outcomes(read(plain)) and last == (len(plain), 0, "truncated")


@pytest.mark.parametrize("length", [None, "-1", "1e3", "999999999", "1" + "0" * 18, "9" * 40, "0x10", ""])
@pytest.mark.parametrize("compressed", [True, False], ids=["gzip", "plain"])
def test_an_unusable_length_costs_one_record(length: str | None, compressed: bool) -> None:
    wrong = record(length=length) if length != "" else record(b"").replace(b"Content-Length: 0", b"Content-Length:")
    first, _, third = three(compressed=compressed)
    found = read(first + (member(wrong) if compressed else wrong) + third)
    assert [what for *_, what in outcomes(found)] == ["record", "bad_warc_header", "record"]


@pytest.mark.parametrize("compressed", [True, False], ids=["gzip", "plain"])
def test_a_length_that_is_too_small_never_yields_a_cut_page(compressed: bool) -> None:
    wrong = record(length="30")
    first, _, third = three(compressed=compressed)
    found = read(first + (member(wrong) if compressed else wrong) + third)
    assert outcomes(found)[-1][2] == "record" and body(found[-1]) == body(read(third)[0])
    assert any(isinstance(item, DamagedRange) for item in found)


@pytest.mark.parametrize("compressed", [True, False], ids=["gzip", "plain"])
def test_a_record_above_the_limit_is_streamed_past(monkeypatch: pytest.MonkeyPatch, compressed: bool) -> None:
    monkeypatch.setattr(parsing, "MAX_RECORD", 1_000_000)
    big = record(http(b"x" * 1_500_000))
    first, _, third = three(compressed=compressed)
    data = first + (member(big) if compressed else big) + third
    reads: list[int] = []

    class Watched(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            reads.append(len(data) if size is None or size < 0 else size)
            return super().read(size)

    found = list(read_records(Watched(data), len(data), FileRange(start=0, stop=len(data))))
    assert [what for *_, what in outcomes(found)] == ["record", "too_large", "record"]
    assert max(reads) < 1_000_000


def test_a_bomb_in_a_member_is_left_before_it_is_inflated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parsing, "MAX_RECORD", 1 << 20)
    monkeypatch.setattr(members, "MAX_DECOMPRESSED", 8 << 20)
    bomb = member(record(http(b"\0" * (64 << 20))))
    inflated = 0
    original = codecs.isal_zlib.decompressobj

    class Counted:
        def __init__(self, bits: int) -> None:
            self._inner = original(bits)

        def decompress(self, data: bytes, most: int) -> bytes:
            nonlocal inflated
            part = self._inner.decompress(data, most)
            inflated += len(part)
            return part

        def __getattr__(self, name: str) -> object:
            return getattr(self._inner, name)

    monkeypatch.setattr(codecs.isal_zlib, "decompressobj", Counted)
    first, _, third = three()
    found = outcomes(read(first + bomb + third))
    assert [what for *_, what in found] == ["record", "bomb", "record"]
    assert inflated < 12 << 20

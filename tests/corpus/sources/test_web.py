"""Web: WARC in every packing, ARC and WET become pages, from any range, and a record inside a record is none."""

from __future__ import annotations

import bz2
import gzip
import io
import struct
import time
from collections.abc import Callable
from pathlib import Path

import lz4.frame
import pytest
from backports import zstd
from warc_bytes import HTML, http, member, outcomes, read, record, settled, spans, three

from corpus.archive.layout import detect_layout
from corpus.archive.pages import NotAPage, Page, Text
from corpus.archive.ranges import FileRange
from corpus.archive.records import read_records
from corpus.sources.contract import SourceRecord
from corpus.sources.kinds import SOURCES, detect_source

PACK: dict[str, Callable[[bytes], bytes]] = {
    "gzip": member,
    "zstd": zstd.compress,
    "lz4": lz4.frame.compress,
    "plain": bytes,
}


def found(data: bytes, span: FileRange | None = None, name: str = "crawl.warc") -> list[SourceRecord]:
    file = io.BytesIO(data)
    source, why = detect_source(name, file)
    assert source is not None, why
    return list(source.read(file, len(data), name, span or FileRange(start=0, stop=len(data))))


@pytest.mark.parametrize("packing", PACK)
def test_each_packing_gives_the_same_pages(packing: str) -> None:
    parts = [PACK[packing](part) for part in three(compressed=False)]
    items = found(b"".join(parts))
    assert [item.content.html for item in items if isinstance(item.content, Page)] == [HTML, HTML * 2, HTML * 3]
    if packing != "plain":
        assert [item.length for item in items] == [len(part) for part in parts]


@pytest.mark.parametrize("packing", ["zstd", "lz4"])
def test_ranges_tile_a_file_of_frames_wherever_it_is_cut(packing: str) -> None:
    data = b"".join(PACK[packing](part) for part in three(compressed=False))
    whole = outcomes(read(data))
    assert detect_layout(io.BytesIO(data)).one_record_per_member
    for cut in range(1, len(data)):
        parts = [list(read_records(io.BytesIO(data), len(data), span)) for span in spans(data, [cut])]
        assert outcomes([*parts[0], *parts[1]]) == whole, f"cut at byte {cut}"


@pytest.mark.parametrize("packing", ["zstd", "lz4"])
def test_damage_costs_the_frame_that_it_is_in(packing: str) -> None:
    parts = [PACK[packing](record(http(HTML * times))) for times in (1, 2, 3)]
    torn = parts[1][: len(parts[1]) // 2]
    assert [what for *_, what in outcomes(read(parts[0] + torn + parts[2]))] == [
        "record",
        f"corrupt_{packing}",
        "record",
    ]
    assert [what for *_, what in outcomes(read(parts[0] + torn))] == ["record", "truncated"]


@pytest.mark.parametrize("packed", [False, True], ids=["as it is", "compressed"])
def test_a_zstd_dictionary_at_the_start_of_the_file_is_used_by_every_range(packed: bool) -> None:
    samples = [record(http(HTML * times, f"X-Number: {times}")) for times in range(1, 400)]
    trained = zstd.train_dict(samples, 4096)
    content = zstd.compress(trained.dict_content) if packed else trained.dict_content
    head = struct.pack("<II", 0x184D2A5D, len(content)) + content
    data = head + b"".join(zstd.compress(sample, zstd_dict=trained) for sample in samples[:3])
    whole = outcomes(read(data))
    assert [what for *_, what in whole] == ["record"] * 3 and whole[0][0] == len(head)
    assert settled(data, [len(head) + 20, len(data) - 30]) == whole
    with pytest.raises(ValueError, match="zstd dictionary of 4 bytes cannot be read"):
        read(struct.pack("<II", 0x184D2A5D, 4) + b"\x37\xa4\x30\xec" + data[len(head) :])


@pytest.mark.parametrize("pack", [gzip.compress, zstd.compress, lz4.frame.compress, bz2.compress])
def test_a_file_compressed_as_a_whole_is_read_by_one_range_and_by_place(pack: Callable[[bytes], bytes]) -> None:
    plain = b"".join(three(compressed=False))
    data = pack(plain)
    assert not SOURCES["web"].splittable(io.BytesIO(data))
    items = found(data)
    assert [(item.offset, item.length) for item in items] == [item[:2] for item in outcomes(read(plain))]
    for item in items:
        again = found(data, FileRange(start=item.offset, stop=item.offset + 1, exact=True))[0]
        assert (again.offset, again.content) == (item.offset, item.content)


def arc(*records: tuple[str, bytes], version: int = 1) -> list[bytes]:
    fields = "URL IP-address Archive-date Content-type Archive-length"
    info = f"{version} 0 river\n{fields}\n".encode()
    lines = [("filedesc://river.arc", info, "text/plain"), *((url, block, "text/html") for url, block in records)]
    rest = "200 - - 0 river.arc " if version == 2 else ""
    return [f"{url} 10.0.0.1 20060102030405 {kind} {rest}{len(b)}\n".encode() + b + b"\n" for url, b, kind in lines]


@pytest.mark.parametrize("packed", [False, True], ids=["plain", "gzip"])
@pytest.mark.parametrize("version", [1, 2])
def test_arc_records_are_pages_with_their_url_and_date(version: int, packed: bool) -> None:
    parts = arc(("http://river.example/a b", http()), ("dns:river.example", b"20060102\n"), version=version)
    parts = [member(part) for part in parts] if packed else parts
    info, page, dns = found(b"".join(parts), name="river.arc")
    assert isinstance(info.content, NotAPage) and info.content.reason.startswith("not_a_response")
    assert isinstance(page.content, Page) and page.content.html == HTML
    assert page.url == "http://river.example/a b"
    assert page.content.fetched_at is not None and page.content.fetched_at.isoformat() == "2006-01-02T03:04:05+00:00"
    assert isinstance(dns.content, NotAPage) and dns.content.reason == "not_http"


@pytest.mark.parametrize("packed", [False, True], ids=["plain", "gzip"])
def test_damage_in_an_arc_costs_the_record(packed: bool) -> None:
    info, one, two, three_ = arc(*((f"http://river.example/{n}", http(HTML * n)) for n in (1, 2, 3)))
    wrong = two.replace(b"text/html ", b"text/html 9999999")
    parts = [info, one, wrong, three_]
    data = b"".join(member(part) for part in parts) if packed else b"".join(parts)
    assert [what for *_, what in outcomes(read(data))] == ["record", "record", "bad_warc_header", "record"]


def test_an_arc_line_of_many_dates_takes_no_square_of_its_length() -> None:
    line = b"\nhttp://" + b" 20060102030405" * 500 + b" x"
    data = b"".join(arc()) + b"?" * 100 + line * 200
    started = time.perf_counter()
    read(data)
    assert time.perf_counter() - started < 5


def test_wet_records_are_texts_as_they_are() -> None:
    head = record(b"x", kind="warcinfo", uri=None)
    text = record("Wasser fließt bergab.\r\nImmer.".encode(), kind="conversion").replace(
        b"application/http; msgtype=response", b"text/plain"
    )
    bad = text.replace("ß".encode(), b"\xff\xff")
    _, good, wrong = found(b"".join(member(part) for part in (head, text, bad)), name="a.warc.wet.gz")
    assert isinstance(good.content, Text)
    assert (good.content.text, good.content.charset) == ("Wasser fließt bergab.\nImmer.", "utf-8")
    assert good.content.url == "http://river.example/"
    assert isinstance(wrong.content, NotAPage) and wrong.content.reason == "undecodable"


# A record inside a record ---------------------------------------------------------------------------------------------


def stored(data: bytes) -> bytes:
    """A member whose content lies in it as it is: what gzip makes of a payload that is compressed already."""
    return gzip.compress(data, compresslevel=0, mtime=0)


FORGED = b"".join(member(record(http(HTML), uri=f"http://forged.example/{n}")) for n in range(40))
ARCHIVED = [*three()[:1], stored(record(http(FORGED, kind="application/gzip"))), *three()[1:]]


def test_a_range_that_begins_inside_an_archived_warc_is_told_by_the_range_before_it() -> None:
    data = b"".join(ARCHIVED)
    whole = outcomes(read(data))
    assert len(whole) == 4
    inside = len(ARCHIVED[0]) + len(ARCHIVED[1]) // 2
    first, second = spans(data, [inside])
    for span in (first, second):
        list(read_records(io.BytesIO(data), len(data), span))
    assert second.begins != first.ends == len(ARCHIVED[0]) + len(ARCHIVED[1])
    for cut in range(1, len(data), 97):
        assert settled(data, [cut]) == whole, f"cut at byte {cut}"
    for size in (100, 500, 1_000, 5_000):
        assert settled(data, list(range(size, len(data), size))) == whole, f"cut every {size} bytes"


def test_a_range_full_of_magic_numbers_costs_no_more_than_its_size() -> None:
    reads = 0

    class Counted(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            nonlocal reads
            part = super().read(size)
            reads += len(part)
            return part

    data = member(record()) + stored(record(http(b"\x1f\x8b\x08\x00" * 250_000))) + member(record())
    started = time.perf_counter()
    list(read_records(Counted(data), len(data), FileRange(start=len(member(record())) + 10, stop=len(data))))
    assert reads < 3 * len(data)
    assert time.perf_counter() - started < 30


def test_what_is_broken_is_kept_with_its_first_bytes(tmp_path: Path) -> None:
    one, two, _ = three()
    torn = two[: len(two) // 2]
    items = found(one + torn + one)
    assert items[1].raw == torn
    [bad] = found(member(record(b"no status line")))
    assert isinstance(bad.content, NotAPage) and bad.content.broken
    assert bad.raw == record(b"no status line")

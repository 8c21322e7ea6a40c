"""WARC: the bytes of a crawl file -> its records, one after another, whatever is broken in between.

A compressed WARC has one member a record, so damage costs the damaged member: what cannot be read becomes a `Broken`
range and reading goes on at the next member. Each record has the offset and length of its bytes in the file; together
with the crawl and the file's name they are its identity. Where records are not one a member (a WARC that was compressed
as a whole), offsets count in what it decompresses to. ARC, WARC's forerunner, is read as WARC: see archive/arc.py.
Source: WARC/1.1 (ISO 28500:2017), annex D for gzip.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import IO

from fastwarc.warc import ArchiveIterator, WarcRecord

from corpus.archive import arc, members
from corpus.archive.codecs import Packing, packing
from corpus.archive.inflated import Inflated
from corpus.archive.members import begins_record, inflate, next_member
from corpus.archive.window import Window

MAX_RECORD = 64 << 20  # a record above this is streamed past, never held
MAX_HEADER = 1 << 16
BEHIND = 64  # bytes behind a record that tell whether it ends there
RAW = 1 << 20  # bytes of what is broken that are kept aside
HEADER_END = re.compile(rb"\r\n\r\n|\n\n")  # ClueWeb09 and others end lines with LF alone


@dataclass(frozen=True, kw_only=True)
class Record:
    """One whole record; `data` are its bytes, decompressed, and `warc` is fastwarc's, its reader at the start of the
    record's block."""

    offset: int
    length: int
    warc: WarcRecord
    data: bytes


@dataclass(frozen=True, kw_only=True)
class Broken:
    """Bytes of the file that hold no record, and why; `raw` are the first of them. `too_large` records are whole, but
    not read; a `bomb` goes on and on. Of damage in a file that was compressed as a whole, `length` is that of the
    damaged member, or of all that is behind it where nothing else can be read, compressed."""

    offset: int
    length: int
    reason: str
    detail: str
    raw: bytes = b""


@dataclass(kw_only=True)
class Span:
    """Which records of a file are read: those that begin in bytes [start, stop).

    The reader of a compressed file sets `begins` and `ends`: where it found the first record, and where it left off. A
    range that begins in the middle of a file has to guess: it takes the first member that begins like a record, and
    that may lie inside another member which stores its content as it is, such as the archived copy of a WARC. Of two
    neighbouring ranges the first knows: where it `ends` is where the second has to begin, and if that one did not, it
    is to be read again with the right start and `exact` set. By induction from byte 0 all ranges together then read
    what one range would, whatever is in the file.
    """

    start: int
    stop: int
    exact: bool = False
    begins: int | None = None
    ends: int | None = None


@dataclass(frozen=True, kw_only=True)
class Format:
    """How records look. `begins` matches the start of one; `again` has the next one's start in its group, and looks at
    no more than `reach` bytes; `ends` matches what may stand behind a record of the right length; `measure` finds the
    bytes of a whole record by its header; `as_warc` makes it a WARC record."""

    begins: re.Pattern[bytes]
    again: re.Pattern[bytes]
    reach: int
    ends: re.Pattern[bytes]
    measure: Callable[[bytes], int | None]
    as_warc: Callable[[bytes], bytes]


def measure(head: bytes) -> int | None:
    """Bytes of the whole record by its header: up to the blank line, and Content-Length after it. None if unusable."""
    blank = HEADER_END.search(head)
    if not head.startswith(b"WARC/") or blank is None:
        return None
    for line in head[: blank.start()].split(b"\n"):
        name, _, value = line.partition(b":")
        if name.strip().lower() == b"content-length":
            digits = value.strip()
            return blank.end() + int(digits) if digits.isdigit() and len(digits) < 19 else None
    return None


WARC = Format(
    begins=re.compile(rb"WARC/"),
    # At a line's start, or, behind a record that lost its end, anywhere if two lines look like a header.
    again=re.compile(rb"(WARC/)(?:(?<=\nWARC/)|(?=\d\.\d\d?\r?\nWARC-))"),
    reach=24,
    ends=re.compile(rb"(?:\r?\n){2}|[\r\n]*(?:WARC/|\Z)"),
    measure=measure,
    as_warc=lambda data: data,
)
ARC = Format(
    begins=arc.BEGINS,
    again=arc.AGAIN,
    reach=arc.MAX_LINE,
    ends=re.compile(rb"[\r\n]|\Z|" + arc.BEGINS.pattern),
    measure=arc.measure,
    as_warc=arc.as_warc,
)


@dataclass(frozen=True, kw_only=True)
class Layout:
    """How a file holds its records: `packing` is None in a plain one; `stream`: records are not one a member."""

    format: Format
    packing: Packing | None
    stream: bool

    @property
    def splittable(self) -> bool:
        return self.packing is not None and not self.stream


def layout(file: IO[bytes]) -> Layout:
    """Raises ValueError on a zstd dictionary that cannot be read."""
    how = packing(file)
    if how is None:
        file.seek(0)
        return Layout(format=_format(file.read(members.PROBED)), packing=None, stream=False)
    form = _format(members.member_start(file, how.first, how, members.PROBED)[0])
    return Layout(format=form, packing=how, stream=_is_stream(file, how, form))


def _format(head: bytes) -> Format:
    return ARC if not WARC.begins.match(head) and ARC.begins.match(head) else WARC


def _is_stream(file: IO[bytes], how: Packing, form: Format) -> bool:
    """Whether the first member goes on with a record behind its first one, or ends inside that and another carries on.
    A first record above MAX_RECORD is taken to be alone."""
    head, _ = members.member_start(file, how.first, how, MAX_HEADER)
    length = form.measure(head)
    if length is None or length > MAX_RECORD:
        return False
    data, ended = members.member_start(file, how.first, how, length + members.READ_CHUNK)
    if len(data) >= length:
        return bool(form.begins.match(data[length:].lstrip(b"\r\n")))
    first = inflate(file, how.first, how, most=0)
    return (
        ended
        and bool(how.codec.start.match(_raw(file, first.end, 8)))
        and not begins_record(file, first.end, how, form.begins)
        and inflate(file, first.end, how, most=0).problem is None  # a damaged record begins like none
    )


def read_records(file: IO[bytes], size: int, span: Span) -> Iterator[Record | Broken]:
    """The records that begin in a span of a file of `size` bytes.

    Spans that tile a file with one record a member yield each of its records exactly once (see `Span`). Any other file
    has no marks to find a record's start by: the span that begins at 0, or one that is exact, reads from there on.
    """
    how = layout(file)
    if how.packing is not None and not how.stream:
        yield from _member_records(file, size, span, how.packing, how.format)
    elif span.start == 0 or span.exact:
        if how.packing is not None:
            yield from _inflated_records(Inflated(file, how.packing), span.start, size, how.format)
            return
        file.seek(span.start)
        yield from _stream_records(Window(file.read, span.start), (file, size), how.format)


def _inflated_records(source: Inflated, start: int, size: int, form: Format) -> Iterator[Record | Broken]:
    """The records of a file that was compressed as a whole, from `start` in what it decompresses to. Behind damage a
    new window opens, for no record may reach over it; the break counts as one byte, so that what was lost and the
    record behind it have places of their own."""
    window = Window(source.read)
    while True:
        window.skip(start - window.position)
        if window.position >= start:
            yield from _stream_records(window, None, form)
        if source.problem is None:
            return
        reason, begun, fed = source.problem, source.begun, source.fed
        goes_on = source.resume(size, form.begins)
        length = source.fed - begun if goes_on else size - fed
        behind = f"reading goes on at byte {source.fed}" if goes_on else "what is behind it cannot be read"
        detail = f"damaged between compressed bytes {begun} and {fed} of {size}; {behind}"
        if window.position >= start:
            yield Broken(offset=window.position, length=length, reason=reason, detail=detail)
        if not goes_on:
            return
        window = Window(source.read, window.position + 1)


# one record a member ------------------------------------------------------------------------------------------------


def _member_records(file: IO[bytes], size: int, span: Span, how: Packing, form: Format) -> Iterator[Record | Broken]:
    position = max(span.start, how.first)
    if span.start > 0 and not span.exact:
        position = next_member(file, position, size, how, form.begins)
    span.begins = position
    # The next range begins at its first whole record, so damage right behind `stop` is this range's to report.
    while position < size and (position < span.stop or not begins_record(file, position, how, form.begins)):
        member = inflate(file, position, how, MAX_RECORD)
        end = member.end
        if member.problem:
            end = next_member(file, position + 1, size, how, form.begins)
        length = end - position
        if member.data is None:
            detail = f"{how.codec.name} member at byte {position}, next record at byte {end}"
            reason, raw = member.problem or "too_large", _raw(file, position, length) if member.problem else b""
            yield Broken(offset=position, length=length, reason=reason, detail=detail, raw=raw)
        else:
            yield from _parse(member.data, position, length, form)
        position = end
    span.ends = position


def _raw(file: IO[bytes], position: int, length: int) -> bytes:
    file.seek(position)
    return file.read(min(length, RAW))


# records that follow one another ------------------------------------------------------------------------------------


def _stream_records(window: Window, plain: tuple[IO[bytes], int] | None, form: Format) -> Iterator[Record | Broken]:
    """All records to the end. `plain`: the file that the window looks at and its size, None where it is a stream."""
    while head := window.peek(MAX_HEADER):
        blank = len(head) - len(head.lstrip(b"\r\n"))
        if blank:
            window.skip(blank)
            continue
        position, length = window.position, form.measure(head)
        if length is None or not _is_right(window, length, plain, form):
            raw = window.skip(1, RAW) + window.skip_to(form.again, form.reach, RAW - 1)
            reason = "truncated" if length is not None and not window.peek(1) else "bad_warc_header"
            detail = f"record header at byte {position}, next record at byte {window.position}"
            passed = window.position - position
            yield Broken(offset=position, length=passed, reason=reason, detail=detail, raw=raw)
        elif length > MAX_RECORD:
            window.skip(length)
            passed, follows = window.position - position, form.ends.match(window.peek(BEHIND))
            reason = "too_large" if follows else "bad_warc_header"
            yield Broken(offset=position, length=passed, reason=reason, detail=f"{length} bytes")
        else:
            yield from _parse(window.take(length), position, length, form)


def _is_right(window: Window, length: int, plain: tuple[IO[bytes], int] | None, form: Format) -> bool:
    """Whether a length by a header can be: the file goes so far, and what stands there ends a record. Otherwise a
    length that is too small would make a cut page, one that is too large a page with its neighbours in it. In a stream,
    what is too large to look ahead is believed, within reason, and seen when it is passed."""
    if length <= MAX_RECORD:
        seen = window.peek(length + BEHIND)
        return len(seen) >= length and form.ends.match(seen, length) is not None
    if plain is None:
        return length <= members.MAX_INFLATED
    file, size = plain
    if window.position + length > size:
        return False
    place = file.tell()
    file.seek(window.position + length)
    follows = form.ends.match(file.read(BEHIND))
    file.seek(place)
    return follows is not None


# one record ---------------------------------------------------------------------------------------------------------


def _parse(data: bytes, offset: int, length: int, form: Format) -> Iterator[Record | Broken]:
    place = {"offset": offset, "length": length}
    wanted = form.measure(data)
    if wanted is None or wanted > len(data):
        detail = f"it begins {data[:40]!r}; its length is missing, unusable or beyond the record's end"
        yield Broken(**place, reason="bad_warc_header", detail=detail, raw=data[:RAW])
        return
    if data[wanted:].strip(b"\r\n"):
        detail = f"{len(data) - wanted} bytes stand behind the record's length"
        yield Broken(**place, reason="bytes_behind_record", detail=detail, raw=data[:RAW])
        return
    source = io.BytesIO(form.as_warc(data))
    try:
        warc = next(iter(ArchiveIterator(source, parse_http=False, stream_detect=False, quirks_mode=True)))
    except (OSError, ValueError, StopIteration) as error:
        yield Broken(**place, reason="bad_warc_header", detail=str(error)[:200], raw=data[:RAW])
        return
    yield Record(**place, warc=warc, data=data)

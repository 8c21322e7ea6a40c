"""WARC: the bytes of a crawl file -> its records, one after another, whatever is broken in between.

A gzip WARC has one member a record, so damage costs the damaged member: what cannot be read becomes a `Broken` range
and reading goes on at the next member. Each record has the offset and length of its bytes in the file; together with
the crawl and the file's name they are its identity. Source: WARC/1.1 (ISO 28500:2017), annex A for gzip.
"""

from __future__ import annotations

import io
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO

from fastwarc.warc import ArchiveIterator, WarcRecord

READ_CHUNK = 1 << 18
MAX_RECORD = 64 << 20  # a record above this is streamed past, never held
MAX_HEADER = 1 << 16
MAX_INFLATED = 8 << 30  # a member that is still going on here is a bomb, not a record
MEMBER = b"\x1f\x8b\x08"
VERSION = b"WARC/"
HEADER_END = re.compile(rb"\r\n\r\n|\n\n")  # ClueWeb09 and others end lines with LF alone


@dataclass(frozen=True, kw_only=True)
class Record:
    """One whole record; `warc` is fastwarc's, its reader at the start of the record's block."""

    offset: int
    length: int
    warc: WarcRecord


@dataclass(frozen=True, kw_only=True)
class Broken:
    """Bytes of the file that hold no record, and why. `too_large` records are whole, but not read."""

    offset: int
    length: int
    reason: str
    detail: str


def read_records(file: IO[bytes], size: int, start: int, stop: int) -> Iterator[Record | Broken]:
    """The records that begin in bytes [start, stop) of a file of `size` bytes.

    Ranges that tile a gzip file yield each of its records exactly once. A plain WARC has no marks to find a record's
    start by, so it is read by the range that begins at 0.
    """
    file.seek(0)
    if file.read(3) == MEMBER:
        yield from _gzip_records(file, size, start, stop)
    elif start == 0:
        yield from _plain_records(file, size)


# gzip ---------------------------------------------------------------------------------------------------------------


def _gzip_records(file: IO[bytes], size: int, start: int, stop: int) -> Iterator[Record | Broken]:
    position = start if start == 0 else _next_member(file, start, size)
    # The next range begins at its first whole record, so damage right behind `stop` is this range's to report.
    while position < size and (position < stop or not _begins_record(file, position)):
        data, end, problem = _inflate(file, position)
        if problem in ("corrupt_gzip", "truncated"):
            end = _next_member(file, position + 1, size)
        if problem:
            detail = f"gzip member at byte {position}, next record at byte {end}"
            yield Broken(offset=position, length=end - position, reason=problem, detail=detail)
        else:
            yield from _parse(data, position, end - position)
        position = end


def _inflate(file: IO[bytes], position: int) -> tuple[bytes, int, str | None]:
    """One member: (its content, the byte after it, what is wrong with it)."""
    file.seek(position)
    inflater, parts, held, total, fed = zlib.decompressobj(31), [], 0, 0, 0
    block = b""
    while not inflater.eof:
        block = inflater.unconsumed_tail
        if not block:
            block = file.read(READ_CHUNK)
            fed += len(block)
        if not block:
            return b"", position + fed, "truncated"
        try:
            part = inflater.decompress(block, 8 * READ_CHUNK)
        except zlib.error:
            return b"", position + fed, "corrupt_gzip"
        total += len(part)
        if total > MAX_INFLATED:
            return b"", position + fed, "corrupt_gzip"
        if total <= MAX_RECORD:
            parts.append(part)
            held += len(part)
        else:
            parts.clear()
    end = position + fed - len(inflater.unused_data)
    return (b"", end, "too_large") if total > MAX_RECORD else (b"".join(parts), end, None)


def _next_member(file: IO[bytes], position: int, size: int) -> int:
    """The offset of the first gzip member at or after `position` whose content begins like a WARC record."""
    window, base = b"", position
    while base < size:
        file.seek(base)
        window = file.read(READ_CHUNK)
        found = window.find(MEMBER)
        while found >= 0:
            if _begins_record(file, base + found):
                return base + found
            found = window.find(MEMBER, found + 1)
        if len(window) < READ_CHUNK:
            break
        base += len(window) - len(MEMBER) + 1
    return size


def _begins_record(file: IO[bytes], position: int) -> bool:
    file.seek(position)
    try:
        return zlib.decompressobj(31).decompress(file.read(READ_CHUNK), len(VERSION)) == VERSION
    except zlib.error:
        return False


# plain --------------------------------------------------------------------------------------------------------------


def _plain_records(file: IO[bytes], size: int) -> Iterator[Record | Broken]:
    position = 0
    while position < size:
        file.seek(position)
        head = file.read(MAX_HEADER)
        blank = len(head) - len(head.lstrip(b"\r\n"))
        if blank:
            position += blank
            continue
        length = _content_length(head)
        if length is None or position + length > size:
            end = _next_version(file, position + 1, size)
            reason = "truncated" if length is not None and end == size else "bad_warc_header"
            detail = f"record header at byte {position}, next record at byte {end}"
            yield Broken(offset=position, length=end - position, reason=reason, detail=detail)
            position = end
            continue
        if length > MAX_RECORD:
            yield Broken(offset=position, length=length, reason="too_large", detail=f"{length} bytes")
        else:
            file.seek(position)
            yield from _parse(file.read(length), position, length)
        position += length


def _content_length(head: bytes) -> int | None:
    """Bytes of the whole record by its header: up to the blank line, and Content-Length after it. None if unusable."""
    blank = HEADER_END.search(head)
    if not head.startswith(VERSION) or blank is None:
        return None
    for line in head[: blank.start()].split(b"\n"):
        name, _, value = line.partition(b":")
        if name.strip().lower() == b"content-length":
            digits = value.strip()
            return blank.end() + int(digits) if digits.isdigit() and len(digits) < 19 else None
    return None


def _next_version(file: IO[bytes], position: int, size: int) -> int:
    base = position
    while base < size:
        file.seek(base)
        window = file.read(READ_CHUNK)
        found = window.find(b"\n" + VERSION)
        if found >= 0:
            return base + found + 1
        if len(window) < READ_CHUNK:
            break
        base += len(window) - len(VERSION)
    return size


# one record ---------------------------------------------------------------------------------------------------------


def _parse(data: bytes, offset: int, length: int) -> Iterator[Record | Broken]:
    wanted = _content_length(data)
    if wanted is None or wanted > len(data):
        detail = f"it begins {data[:40]!r}; Content-Length is missing, unusable or beyond the record's end"
        yield Broken(offset=offset, length=length, reason="bad_warc_header", detail=detail)
        return
    if data[wanted:].strip(b"\r\n"):
        detail = f"{len(data) - wanted} bytes stand behind the record's Content-Length"
        yield Broken(offset=offset, length=length, reason="bytes_behind_record", detail=detail)
        return
    try:
        warc = next(iter(ArchiveIterator(io.BytesIO(data), parse_http=False, stream_detect=False, quirks_mode=True)))
    except (OSError, ValueError, StopIteration) as error:
        yield Broken(offset=offset, length=length, reason="bad_warc_header", detail=str(error)[:200])
        return
    yield Record(offset=offset, length=length, warc=warc)

"""Formats: how records look in WARC and ARC files: where one begins, how long it is, what may follow it.

Source: WARC/1.1 (ISO 28500:2017).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from corpus.archive import arc

BARE_HEADER_END = re.compile(rb"\n\n")
HEADER_END = re.compile(rb"\r\n\r\n|\n\n")  # ClueWeb09 and others end lines with LF alone


@dataclass(frozen=True, kw_only=True)
class Format:
    """`start` matches the start of a record; `next_start` has the start of the next one in its group, and looks at no
    more than `next_start_reach` bytes; `end` matches what may follow a record of the right length; `record_length`
    finds the bytes of a whole record by its header, None if that is unusable; `uncounted`, how many bytes shorter it
    may be; `to_warc` makes it a WARC record."""

    start: re.Pattern[bytes]
    next_start: re.Pattern[bytes]
    next_start_reach: int
    end: re.Pattern[bytes]
    record_length: Callable[[bytes], int | None]
    uncounted: Callable[[bytes], int]
    to_warc: Callable[[bytes], bytes]


def warc_record_length(head: bytes) -> int | None:
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


def bare_line_ends(head: bytes) -> int:
    """How many lines of the HTTP header in a record end with LF alone: ClueWeb09 counts them as CRLF in the record's
    length, which is then so much too large."""
    start = HEADER_END.search(head)
    end = BARE_HEADER_END.search(head, start.end()) if start else None
    if start is None or end is None or b"\r\n" in head[start.end() : end.end()]:
        return 0
    return head.count(b"\n", start.end(), end.end())


WARC = Format(
    start=re.compile(rb"WARC/"),
    # At a line's start, or, after a record that lost its end, anywhere if two lines look like a header.
    next_start=re.compile(rb"(WARC/)(?:(?<=\nWARC/)|(?=\d\.\d\d?\r?\nWARC-))"),
    next_start_reach=24,
    end=re.compile(rb"(?:\r?\n){2}|[\r\n]*(?:WARC/|\Z)"),
    record_length=warc_record_length,
    uncounted=bare_line_ends,
    to_warc=lambda data: data,
)
ARC = Format(
    start=arc.START,
    next_start=arc.NEXT_START,
    next_start_reach=arc.MAX_LINE,
    end=re.compile(rb"[\r\n]|\Z|" + arc.START.pattern),
    record_length=arc.record_length,
    uncounted=lambda head: 0,
    to_warc=arc.to_warc,
)


def detect_format(head: bytes) -> Format:
    """Of a file by its first bytes, decompressed; WARC where it begins like neither."""
    return ARC if not WARC.start.match(head) and ARC.start.match(head) else WARC

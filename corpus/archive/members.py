"""Members: a compressed file is a chain of members, each of which can be read by itself.

Crawls write one record a member, so that damage costs one record and a reader can begin in the middle of a file.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import IO

from corpus.archive.codecs import GZIP, PROBE, QUICK_GZIP, QUICK_HEADER, Packing

READ_CHUNK = 1 << 18
FIRST_READ = 1 << 15  # of a member: most end within, and what is read behind the end is read again for the next one
OUTPUT_CHUNK = 8 * READ_CHUNK
MAX_INFLATED = 4 << 30  # a member that is still going on here is a bomb, not a record
LONG_PROBES = 32 << 20  # bytes that may be looked at beyond that in a READ_CHUNK
PROBED = 64  # bytes of content that tell how a record begins
BOMB = "bomb"


@dataclass(frozen=True, kw_only=True)
class Member:
    """`data` is None when the member was too large to hold; `problem` says what is wrong with it, or None."""

    end: int
    data: bytes | None
    problem: str | None


def inflate(file: IO[bytes], position: int, how: Packing, most: int) -> Member:
    """The member at `position`, of which at most `most` bytes are held, however large it is."""
    file.seek(position)
    if how.codec is GZIP and file.read(len(QUICK_HEADER)) == QUICK_HEADER:
        member = _inflate(file, position, replace(how, codec=QUICK_GZIP), most)
        if member.problem in (None, BOMB):
            return member
    return _inflate(file, position, how, most)


def _inflate(file: IO[bytes], position: int, how: Packing, most: int) -> Member:
    file.seek(position)
    inflater, parts, total, fed = how.codec.open(how.dictionary), [], 0, 0
    corrupt = f"corrupt_{how.codec.name}"
    while not inflater.eof:
        block = b""
        if inflater.needs_input:
            block = file.read(READ_CHUNK if fed else FIRST_READ)
            fed += len(block)
            if not block:
                return Member(end=position + fed, data=None, problem="truncated")
        try:
            part = inflater.decompress(block, OUTPUT_CHUNK)
        except how.codec.errors:
            return Member(end=position + fed, data=None, problem=corrupt)
        total += len(part)
        if total > MAX_INFLATED:
            return Member(end=position + fed, data=None, problem=BOMB)
        if total <= most:
            parts.append(part)
        else:
            parts.clear()
    end = position + fed - len(inflater.unused_data or b"")
    return Member(end=end, data=b"".join(parts) if total <= most else None, problem=None)


def member_start(file: IO[bytes], position: int, how: Packing, most: int) -> tuple[bytes, bool]:
    """The first `most` bytes of the content of the member at `position`, or what can be read of them, and whether the
    member ends there."""
    file.seek(position)
    inflater, found = how.codec.open(how.dictionary), bytearray()
    while not inflater.eof and len(found) < most:
        block = file.read(READ_CHUNK) if inflater.needs_input else b""
        if not block and inflater.needs_input:
            break
        try:
            found += inflater.decompress(block, most - len(found))
        except how.codec.errors:
            break
    return bytes(found), inflater.eof


def next_member(file: IO[bytes], position: int, size: int, how: Packing, begins: re.Pattern[bytes]) -> int:
    """The offset of the first member at or after `position` whose content begins like a record, or `size`."""
    base = position
    while base < size:
        file.seek(base)
        window = file.read(READ_CHUNK + PROBE)
        allowance = LONG_PROBES
        for found in how.codec.start.finditer(window, 0, READ_CHUNK + len(how.codec.magic)):
            if found.start() >= READ_CHUNK:
                continue
            start, hidden = _content_start(window[found.start() : found.start() + PROBE], how)
            if hidden and allowance > 0:
                start, looked_at = _hidden_start(file, base + found.start(), how)
                allowance -= looked_at
            if begins.match(start):
                return base + found.start()
        base += READ_CHUNK
    return size


def begins_record(file: IO[bytes], position: int, how: Packing, begins: re.Pattern[bytes]) -> bool:
    file.seek(position)
    head = file.read(PROBE)
    start, hidden = _content_start(head, how)
    if hidden:
        start, _ = _hidden_start(file, position, how)
    return bool(how.codec.start.match(head)) and bool(begins.match(start))


def _hidden_start(file: IO[bytes], position: int, how: Packing) -> tuple[bytes, int]:
    """The first bytes of the content of a member that shows none before a whole block of it is there, and how many
    bytes it took to see them."""
    length, taken = PROBE, 0
    while length < how.codec.block:
        length = min(8 * length, how.codec.block)
        file.seek(position)
        head = file.read(length)
        taken += len(head)
        start, hidden = _content_start(head, how)
        if not hidden or len(head) < length:
            return start, taken
    return b"", taken


def _content_start(head: bytes, how: Packing) -> tuple[bytes, bool]:
    """Up to PROBED bytes of the content of a member by its first bytes, and whether more of those may show some."""
    inflater, found = how.codec.open(how.dictionary), b""
    try:
        found = inflater.decompress(head, PROBED)
        while len(found) < PROBED and not inflater.eof and not inflater.needs_input:
            part = inflater.decompress(b"", PROBED - len(found))
            if not part:
                break
            found += part
    except how.codec.errors:
        return found, False
    return found, not found and not inflater.eof

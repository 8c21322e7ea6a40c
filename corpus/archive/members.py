"""Members: a compressed file is a chain of members, each of which can be read by itself.

Crawls write one record per member, so that damage costs one record and a reader can begin in the middle of a file.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import IO

from corpus.archive.codecs import GZIP, PROBE, QUICK_GZIP, QUICK_HEADER, Compression

READ_CHUNK = 1 << 18
FIRST_READ = 1 << 15  # of a member: most end within, and what is read after the end is read again for the next one
OUTPUT_CHUNK = 8 * READ_CHUNK
MAX_DECOMPRESSED = 4 << 30  # a member that has not ended here is a bomb, not a record
LONG_PROBES = 32 << 20  # bytes that may be looked at beyond that in a READ_CHUNK
START_BYTES = 64  # bytes of content that tell how a record begins
BOMB = "bomb"


@dataclass(frozen=True, kw_only=True)
class Member:
    """`data` is None when the member was too large to hold; `problem` says what is wrong with it, or None."""

    end: int
    data: bytes | None
    problem: str | None


def read_member(file: IO[bytes], position: int, compression: Compression, max_bytes: int) -> Member:
    """The member at `position`, of which at most `max_bytes` are held, however large it is."""
    file.seek(position)
    if compression.codec is GZIP and file.read(len(QUICK_HEADER)) == QUICK_HEADER:
        member = _read_member(file, position, replace(compression, codec=QUICK_GZIP), max_bytes)
        if member.problem in (None, BOMB):
            return member
    return _read_member(file, position, compression, max_bytes)


def _read_member(file: IO[bytes], position: int, compression: Compression, max_bytes: int) -> Member:
    file.seek(position)
    decompressor, parts, total, consumed = compression.codec.open(compression.dictionary), [], 0, 0
    corrupt = f"corrupt_{compression.codec.name}"
    while not decompressor.eof:
        block = b""
        if decompressor.needs_input:
            block = file.read(READ_CHUNK if consumed else FIRST_READ)
            consumed += len(block)
            if not block:
                return Member(end=position + consumed, data=None, problem="truncated")
        try:
            part = decompressor.decompress(block, OUTPUT_CHUNK)
        except compression.codec.errors:
            return Member(end=position + consumed, data=None, problem=corrupt)
        total += len(part)
        if total > MAX_DECOMPRESSED:
            return Member(end=position + consumed, data=None, problem=BOMB)
        if total <= max_bytes:
            parts.append(part)
        else:
            parts.clear()
    end = position + consumed - len(decompressor.unused_data or b"")
    return Member(end=end, data=b"".join(parts) if total <= max_bytes else None, problem=None)


def read_member_start(file: IO[bytes], position: int, compression: Compression, max_bytes: int) -> tuple[bytes, bool]:
    """The first `max_bytes` bytes of the content of the member at `position`, or what can be read of them, and whether
    the member ends there."""
    file.seek(position)
    decompressor, content = compression.codec.open(compression.dictionary), bytearray()
    while not decompressor.eof and len(content) < max_bytes:
        block = file.read(READ_CHUNK) if decompressor.needs_input else b""
        if not block and decompressor.needs_input:
            break
        try:
            content += decompressor.decompress(block, max_bytes - len(content))
        except compression.codec.errors:
            break
    return bytes(content), decompressor.eof


def find_record_start(
    file: IO[bytes], position: int, size: int, compression: Compression, start: re.Pattern[bytes]
) -> int:
    """The offset of the first member at or after `position` whose content begins like a record, or `size`."""
    base = position
    while base < size:
        file.seek(base)
        data = file.read(READ_CHUNK + PROBE)
        allowance = LONG_PROBES
        for candidate in compression.codec.start.finditer(data, 0, READ_CHUNK + len(compression.codec.magic)):
            if candidate.start() >= READ_CHUNK:
                continue
            content, hidden = _content_start(data[candidate.start() : candidate.start() + PROBE], compression)
            if hidden and allowance > 0:
                content, probed = _hidden_start(file, base + candidate.start(), compression)
                allowance -= probed
            if start.match(content):
                return base + candidate.start()
        base += READ_CHUNK
    return size


def starts_record(file: IO[bytes], position: int, compression: Compression, start: re.Pattern[bytes]) -> bool:
    file.seek(position)
    head = file.read(PROBE)
    content, hidden = _content_start(head, compression)
    if hidden:
        content, _ = _hidden_start(file, position, compression)
    return bool(compression.codec.start.match(head)) and bool(start.match(content))


def _hidden_start(file: IO[bytes], position: int, compression: Compression) -> tuple[bytes, int]:
    """The first bytes of the content of a member that shows none before a whole block of it is there, and how
    many bytes it took to see them."""
    length, taken = PROBE, 0
    while length < compression.codec.block:
        length = min(8 * length, compression.codec.block)
        file.seek(position)
        head = file.read(length)
        taken += len(head)
        content, hidden = _content_start(head, compression)
        if not hidden or len(head) < length:
            return content, taken
    return b"", taken


def _content_start(head: bytes, compression: Compression) -> tuple[bytes, bool]:
    """The first START_BYTES of the content of a member by its own first bytes, and whether more of these could
    show some."""
    decompressor, content = compression.codec.open(compression.dictionary), b""
    try:
        content = decompressor.decompress(head, START_BYTES)
        while len(content) < START_BYTES and not decompressor.eof and not decompressor.needs_input:
            part = decompressor.decompress(b"", START_BYTES - len(content))
            if not part:
                break
            content += part
    except compression.codec.errors:
        return content, False
    return content, not content and not decompressor.eof

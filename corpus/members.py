"""Members: a compressed file is a chain of members (zstd and lz4 say frames), each of which can be read by itself.

Crawls write one record a member, so that damage costs one record and a reader can begin in the middle of a file.
Sources: RFC 1952 (gzip), RFC 8878 (Zstandard), the LZ4 frame format 1.6; dictionaries as in the WARC-zstd proposal
(iipc.github.io/warc-specifications/specifications/warc-zstd): a skippable frame at the start of the file holds one.
"""

from __future__ import annotations

import bz2
import re
import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import IO, Protocol

import lz4.frame
from backports.zstd import ZstdDecompressor, ZstdDict, ZstdError
from backports.zstd import decompress as zstd_decompress
from isal import isal_zlib

READ_CHUNK = 1 << 18
FIRST_READ = 1 << 15  # of a member: most end within, and what is read behind the end is read again for the next one
SMALL_CHUNK = 1 << 14  # so that a stream that ends in damage says where
OUTPUT_CHUNK = 8 * READ_CHUNK
MAX_INFLATED = 4 << 30  # a member that is still going on here is a bomb, not a record
MAX_RATIO = 200  # of what a whole file decompresses to; text reaches 20
# What is looked at to see how a candidate begins: a gzip header is 10 bytes and deflate's code tables are under 300.
# More for each would let a file that is full of magic numbers cost its size times this; a header longer than this
# hides its member from a range that begins in front of it, which the check of ranges against one another makes good.
PROBE = 1 << 10
LONG_PROBES = 32 << 20  # bytes that may be looked at beyond that in a READ_CHUNK
PROBED = 64  # bytes of content that tell how a record begins
BOMB = "bomb"
DICTIONARY = struct.pack("<I", 0x184D2A5D)
MAX_DICTIONARY = 64 << 20


class Decompressor(Protocol):
    """Of one member; the interface of bz2, lzma and zstd in Python."""

    def decompress(self, data: bytes, max_length: int = ..., /) -> bytes: ...
    @property
    def needs_input(self) -> bool: ...
    @property
    def eof(self) -> bool: ...
    @property
    def unused_data(self) -> bytes | None: ...


class _Gzip:
    """By Intel's ISA-L, which takes less than half of zlib's time. The interface hands unconsumed input back instead of
    keeping it."""

    def __init__(self) -> None:
        self._inner = isal_zlib.decompressobj(31)

    def decompress(self, data: bytes, max_length: int = 0, /) -> bytes:
        return self._inner.decompress(self._inner.unconsumed_tail + data, max_length)

    @property
    def needs_input(self) -> bool:
        return not self._inner.unconsumed_tail

    @property
    def eof(self) -> bool:
        return self._inner.eof

    @property
    def unused_data(self) -> bytes:
        return self._inner.unused_data


def _zstd(dictionary: bytes) -> Decompressor:
    if not dictionary:
        return ZstdDecompressor()
    return ZstdDecompressor(ZstdDict(dictionary, is_raw=not dictionary.startswith(b"\x37\xa4\x30\xec")))


@dataclass(frozen=True, kw_only=True)
class Codec:
    """`start` matches where a member may begin. `errors` are what its decompressor raises on damage. `block`: bytes of
    a member that show the first of its content; zstd and lz4 give out whole blocks."""

    name: str
    magic: bytes
    start: re.Pattern[bytes]
    open: Callable[[bytes], Decompressor]
    errors: tuple[type[Exception], ...]
    block: int = PROBE


# gzip's four highest flags are reserved, and zero in every file.
GZIP = Codec(
    name="gzip",
    magic=b"\x1f\x8b\x08",
    start=re.compile(rb"\x1f\x8b\x08[\x00-\x1f]"),
    open=lambda _: _Gzip(),
    errors=(isal_zlib.error,),  # type: ignore[arg-type]  # its stub takes the class for an instance
)
ZSTD = Codec(
    name="zstd",
    magic=b"\x28\xb5\x2f\xfd",
    start=re.compile(rb"\x28\xb5\x2f\xfd"),
    open=_zstd,
    errors=(ZstdError, ValueError),
    block=(128 << 10) + PROBE,
)
LZ4 = Codec(
    name="lz4",
    magic=b"\x04\x22\x4d\x18",
    start=re.compile(rb"\x04\x22\x4d\x18"),
    open=lambda _: lz4.frame.LZ4FrameDecompressor(),
    errors=(RuntimeError,),
    block=(4 << 20) + PROBE,
)
BZIP2 = Codec(
    name="bzip2",
    magic=b"BZh",
    start=re.compile(rb"BZh[1-9]"),
    open=lambda _: bz2.BZ2Decompressor(),
    errors=(OSError,),
    block=1 << 20,
)
CODECS = (GZIP, ZSTD, LZ4, BZIP2)


@dataclass(frozen=True, kw_only=True)
class Packing:
    """How a file is compressed: `first` is the offset of its first member, behind the dictionary if it has one."""

    codec: Codec
    dictionary: bytes = b""
    first: int = 0


@dataclass(frozen=True, kw_only=True)
class Member:
    """`data` is None when the member was too large to hold; `problem` says what is wrong with it, or None."""

    end: int
    data: bytes | None
    problem: str | None


def packing(file: IO[bytes]) -> Packing | None:
    """How a file is compressed by its first bytes, or None when it is not. Raises ValueError on a broken dictionary."""
    file.seek(0)
    head = file.read(8)
    for codec in CODECS:
        if codec.start.match(head):
            return Packing(codec=codec)
    if not head.startswith(DICTIONARY) or len(head) < 8:
        return None
    size = struct.unpack("<I", head[4:])[0]
    if size > MAX_DICTIONARY:
        raise ValueError(f"its zstd dictionary is said to have {size} bytes; at most {MAX_DICTIONARY} are read")
    dictionary = file.read(size)
    try:
        if dictionary.startswith(ZSTD.magic):
            dictionary = zstd_decompress(dictionary)
        _zstd(dictionary)
    except ZSTD.errors as error:
        raise ValueError(f"its zstd dictionary of {size} bytes cannot be read: {error}") from error
    return Packing(codec=ZSTD, dictionary=dictionary, first=8 + size)


def inflate(file: IO[bytes], position: int, how: Packing, most: int) -> Member:
    """The member at `position`, of which at most `most` bytes are held, however large it is."""
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


class Inflated:
    """The content of all members of a file as one stream, from the first on. Damage ends it, and so does
    what expands without end: `problem` says so then."""

    def __init__(self, file: IO[bytes], how: Packing) -> None:
        self.problem: str | None = None
        self.fed, self._given = how.first, 0
        self.begun = how.first  # where the member at hand begins
        self._file, self._how = file, how
        self._inflater: Decompressor | None = None
        self._rest = b""
        file.seek(how.first)

    def read(self, size: int) -> bytes:
        """At most `size` bytes; none at the end."""
        while self.problem is None:
            if self._inflater is None or self._inflater.needs_input:
                block = self._rest or self._file.read(SMALL_CHUNK)
                self._rest = b""
                self.fed += len(block)
                if not block:
                    self.problem = "truncated" if self._inflater is not None else None
                    return b""
                if self._inflater is None:
                    self.begun = self.fed - len(block)
                    self._inflater = self._how.codec.open(self._how.dictionary)
            else:
                block = b""
            try:
                part = self._inflater.decompress(block, size)
            except self._how.codec.errors:
                self.problem = f"corrupt_{self._how.codec.name}"
                return b""
            if self._inflater.eof:
                self._rest = self._inflater.unused_data or b""
                self.fed -= len(self._rest)
                self._inflater = None
            self._given += len(part)
            if self._given > MAX_INFLATED and self._given > MAX_RATIO * self.fed:
                self.problem = BOMB
            if part:
                return part
        return b""

    def resume(self, size: int, begins: re.Pattern[bytes]) -> bool:
        """Behind damage, goes on at the next member that begins like a record; False when there is none."""
        if self.problem == BOMB:
            return False
        position = next_member(self._file, self.begun + 1, size, self._how, begins)
        self._file.seek(position)
        self.fed, self._rest, self._inflater, self.problem = position, b"", None, None
        return position < size

"""Codecs: how crawl files are compressed, and how their members (zstd and lz4 say frames) are decompressed.

so it is tried only on members with the plainest header (RFC 1952, 2.3.1: no flags), and where
# it reports damage, zlib decidesurces: RFC 1952 (gzip), RFC 8878 (Zstandard), the LZ4 frame format 1.6; dictionaries as
# in the WARC-zstd proposal
(iipc.github.io/warc-specifications/specifications/warc-zstd): a skippable frame at the start of the file holds one.
"""

from __future__ import annotations

import bz2
import re
import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import IO, Any, Protocol

import lz4.frame
from backports.zstd import ZstdDecompressor, ZstdDict, ZstdError
from backports.zstd import decompress as zstd_decompress
from isal import isal_zlib

DICTIONARY = struct.pack("<I", 0x184D2A5D)
MAX_DICTIONARY = 64 << 20
# Bytes that show how a candidate begins: a gzip header is 10 bytes and deflate's code tables are under 300.
# More for each would let a file that is full of magic numbers cost its size times this; a header longer than this
# hides its member from a range that begins in front of it, which the check of ranges against one another makes good.
PROBE = 1 << 10


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
    """The interface of zlib, and of ISA-L's stand-in for it, hands unconsumed input back instead of keeping it."""

    def __init__(self, library: Any) -> None:
        self._inner = library.decompressobj(31)

    def decompress(self, data: bytes, max_length: int = 0, /) -> bytes:
        part: bytes = self._inner.decompress(self._inner.unconsumed_tail + data, max_length)
        return part

    @property
    def needs_input(self) -> bool:
        return not self._inner.unconsumed_tail

    @property
    def eof(self) -> bool:
        return bool(self._inner.eof)

    @property
    def unused_data(self) -> bytes:
        return bytes(self._inner.unused_data)


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
    open=lambda _: _Gzip(zlib),
    errors=(zlib.error,),
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
# Intel's ISA-L takes less than half of zlib's time. But it reads headers and code tables that zlib refuses, and gives
# another part of what is damaged: so it is tried only on members with the plainest header (RFC 1952, 2.3.1: no flags),
# and where it reports damage, zlib decides.
QUICK_HEADER = b"\x1f\x8b\x08\x00"
QUICK_GZIP = Codec(
    name="gzip",
    magic=GZIP.magic,
    start=GZIP.start,
    open=lambda _: _Gzip(isal_zlib),
    errors=(isal_zlib.error,),  # type: ignore[arg-type]  # its stub takes the class for an instance
)
CODECS = (GZIP, ZSTD, LZ4, BZIP2)


@dataclass(frozen=True, kw_only=True)
class Compression:
    """How a file is compressed: `first_member` is the offset of its first member, after the dictionary if it has
    one."""

    codec: Codec
    dictionary: bytes = b""
    first_member: int = 0


def detect_compression(file: IO[bytes]) -> Compression | None:
    """How a file is compressed by its first bytes, or None when it is not. Raises ValueError on a broken dictionary."""
    file.seek(0)
    head = file.read(8)
    for codec in CODECS:
        if codec.start.match(head):
            return Compression(codec=codec)
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
    return Compression(codec=ZSTD, dictionary=dictionary, first_member=8 + size)

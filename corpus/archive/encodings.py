"""Encodings: a body's transfer and content encodings undone as far as they go, never beyond a maximum.

Bodies of crawls are cut (by time, by size, by connection), wrongly chunked, or stored decoded under the header of what
they were. Where decoding breaks off, what came before is the sender's; where it cannot begin, the body is none of that.
Sources: RFC 9112, 7.1 (chunks), RFC 9110, 8.4 (gzip, deflate), RFC 7932 (br), RFC 8878 (zstd).
"""

from __future__ import annotations

import io
import re
import zlib
from collections.abc import Callable

from backports.zstd import ZstdDecompressor, ZstdError
from fastwarc.stream_io import BrotliReader

# A chunk's head: its size in hex, and extensions that mean nothing here. Size and line are bounded, and so is the look.
CHUNK = re.compile(rb"[ \t]*([0-9A-Fa-f]{1,8})[ \t]*(?:;[^\r\n]{0,1000})?\r?\n")
GZIP_MAGIC = b"\x1f\x8b"
MAX_MEMBERS = 100  # a body has one; what is after each is copied

Decoded = tuple[bytes, bool]
"""What was decoded, and whether that is all of it."""


def decode_body(name: str, body: bytes, max_bytes: int) -> Decoded | None:
    """One layer undone: at most `max_bytes` bytes. None when not even its beginning is encoded so."""
    try:
        return ENCODINGS[name](body, max_bytes)
    except (OSError, zlib.error, ZstdError, ValueError):
        return None


def _chunked(body: bytes, max_bytes: int) -> Decoded | None:
    """All chunks up to the one of size 0, or up to where there is none: a cut body, or a size that is wrong."""
    parts: list[bytes] = []
    position = total = 0
    while total < max_bytes:
        head = CHUNK.match(body, position)
        if head is None:  # after a first chunk, that was none: a line of hex digits stands in text too
            return (b"".join(parts), False) if len(parts) > 1 or (parts and position == len(body)) else None
        size, start = int(head.group(1), 16), head.end()
        if size == 0:
            return b"".join(parts), True
        part = body[start : start + size]
        parts.append(part)
        total += len(part)
        if len(part) < size:
            return b"".join(parts), False
        position = start + size
        position += 2 if body.startswith(b"\r\n", position) else 1 if body.startswith(b"\n", position) else 0
    return b"".join(parts)[:max_bytes], True


def _gzip(body: bytes, max_bytes: int) -> Decoded | None:
    """All members; what stands after the last one means nothing."""
    parts: list[bytes] = []
    total = 0
    while body.startswith(GZIP_MAGIC) and total < max_bytes and len(parts) < MAX_MEMBERS:
        inflater = zlib.decompressobj(31)
        try:
            parts.append(inflater.decompress(body, max_bytes - total))
        except zlib.error:
            return (b"".join(parts), False) if parts else None
        total += len(parts[-1])
        if not inflater.eof:
            return b"".join(parts), total >= max_bytes
        body = inflater.unused_data
    return (b"".join(parts), True) if parts else None


def _deflate(body: bytes, max_bytes: int) -> Decoded | None:
    """RFC 9110 means zlib by "deflate"; many servers send it without zlib's header."""
    for bits in (zlib.MAX_WBITS, -zlib.MAX_WBITS):
        inflater = zlib.decompressobj(bits)
        try:
            decoded = inflater.decompress(body, max_bytes)
        except zlib.error:
            continue
        return decoded, inflater.eof or len(decoded) >= max_bytes
    return None


def _brotli(body: bytes, max_bytes: int) -> Decoded:
    return BrotliReader(io.BytesIO(body)).read(max_bytes), True


def _zstd(body: bytes, max_bytes: int) -> Decoded:
    inflater = ZstdDecompressor()
    decoded = inflater.decompress(body, max_bytes)
    return decoded, inflater.eof or len(decoded) >= max_bytes


ENCODINGS: dict[str, Callable[[bytes, int], Decoded | None]] = {
    "chunked": _chunked,
    "gzip": _gzip,
    "x-gzip": _gzip,
    "br": _brotli,
    "zstd": _zstd,
    "deflate": _deflate,
}

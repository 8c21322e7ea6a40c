"""Whole: a file that is one document or page, read at once, however it is compressed, up to a bound."""

from __future__ import annotations

from dataclasses import dataclass
from typing import IO

from corpus.archive.codecs import detect_compression
from corpus.archive.decompression import DecompressedStream
from corpus.archive.lookahead import LookaheadReader
from corpus.archive.ranges import FileRange
from corpus.sources.contract import SourceRecord, unreadable_record


@dataclass(frozen=True, kw_only=True)
class Whole:
    """`data` is None where it is above the bound; `damage` is the record of what cannot be read behind the data."""

    data: bytes | None
    is_compressed: bool = False
    damage: SourceRecord | None = None


def read_whole(file: IO[bytes], size: int, most: int) -> Whole:
    """The content of a file of `size` bytes, of at most `most` bytes."""
    compression = detect_compression(file)
    if compression is None:
        file.seek(0)
        return Whole(data=file.read(size) if size <= most else None)
    stream = DecompressedStream(file, compression)
    data = LookaheadReader(stream.read).take(most + 1)
    damage = None
    if stream.problem:
        detail = f"damaged near compressed byte {stream.consumed} of {size}; what is behind it cannot be read"
        damage = unreadable_record(len(data), 0, stream.problem, detail)
    return Whole(data=data if len(data) <= most else None, is_compressed=True, damage=damage)


def is_chosen(offset: int, chosen: FileRange, is_compressed: bool) -> bool:
    """Whether what begins at an offset of the content is in the range. Offsets of a compressed file count in what it
    decompresses to, so the range of all its bytes has all of it."""
    if is_compressed:
        return offset >= chosen.start if chosen.exact else chosen.start == 0
    return chosen.start <= offset < chosen.stop

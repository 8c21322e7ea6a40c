"""Tar: the files in a tar archive, plain or compressed, one after another.

Read header by header: tarfile of the standard library takes whatever a header says of a name's length into memory, and
seeks back and forth. Sources: POSIX.1-2001 (ustar, pax), and GNU tar's long names.
"""

from __future__ import annotations

import tarfile
from collections.abc import Iterator
from typing import IO

from corpus.archive.codecs import Compression
from corpus.archive.decompression import DecompressedStream
from corpus.archive.lookahead import LookaheadReader
from corpus.sources.members import Member, Unread
from corpus.sources.sections import COPIED, Section, copy_content

BLOCK = tarfile.BLOCKSIZE
MAX_NAMES = 1 << 20  # bytes of a long name, or of the fields of a pax header
LINKS = (tarfile.LNKTYPE, tarfile.SYMTYPE)
EMPTY = (*LINKS, tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE, tarfile.DIRTYPE)


def begins_tar(head: bytes) -> bool:
    """Whether a header with the right checksum stands at the start."""
    try:
        return tarfile.TarInfo.frombuf(head[:BLOCK], "utf-8", "replace").size >= 0
    except (tarfile.TarError, ValueError):
        return False


class _Plain:
    """A file that can seek."""

    def __init__(self, file: IO[bytes], size: int) -> None:
        self._file, self._size, self.position = file, size, 0
        self.problem: str | None = None

    def take(self, size: int) -> bytes:
        self._file.seek(self.position)
        data = self._file.read(size)
        self.position += len(data)
        return data

    def skip(self, size: int) -> None:
        self.position = min(self.position + size, self._size)

    def member(self, size: int) -> tuple[IO[bytes], int, int | None]:
        there = min(size, self._size - self.position)
        return Section(self._file, self.position, there), there, self.position  # type: ignore[return-value]


class _Stream:
    """A compressed file: read forward alone."""

    def __init__(self, file: IO[bytes], compression: Compression) -> None:
        self._source = DecompressedStream(file, compression)
        self._reader = LookaheadReader(self._source.read)

    @property
    def position(self) -> int:
        return self._reader.position

    @property
    def problem(self) -> str | None:
        return self._source.problem

    def take(self, size: int) -> bytes:
        return self._reader.take(size)

    def skip(self, size: int) -> None:
        self._reader.skip(size)

    def member(self, size: int) -> tuple[IO[bytes], int, int | None]:
        copy, copied = copy_content(lambda most: self._reader.take(min(most, COPIED)), size)
        return copy, copied, None


def read_tar(file: IO[bytes], size: int, compression: Compression | None, first: int = 0) -> Iterator[Member | Unread]:
    """The files of an archive of `size` bytes, from that with the number `first` on. What breaks off, or is no file, is
    Unread."""
    source = _Plain(file, size) if compression is None else _Stream(file, compression)
    number, long_name, is_ended = 0, None, False
    pax: dict[str, str] = {}
    while True:
        place, block = source.position, source.take(BLOCK)
        if not block.strip(b"\0"):
            if len(block) < BLOCK:
                if source.problem or not is_ended:
                    yield Unread(name="", why=f"it ends early ({source.problem or 'truncated'}) at byte {place}")
                return
            is_ended = True
            continue
        try:
            info = tarfile.TarInfo.frombuf(block, "utf-8", "replace")
            length = int(pax.get("size", info.size))
            if length < 0 or len(block) < BLOCK:
                raise ValueError("truncated" if len(block) < BLOCK else f"a size of {length}")
            kind = "names" if info.type in (b"L", b"K", b"x", b"g", b"X") else "file"
            if kind == "names" and length > MAX_NAMES:
                raise ValueError(f"a name of {length} bytes")
            if kind == "names":
                content = source.take(-(-length // BLOCK) * BLOCK)[:length]
                if info.type == b"L":
                    long_name = content.rstrip(b"\0").decode("utf-8", "replace")
                elif info.type in (b"x", b"X"):
                    pax = _pax_fields(content)
                continue
        except (tarfile.TarError, ValueError) as error:
            if not is_ended:
                why = f"its header at byte {place} is damaged ({error}); what is behind it cannot be read"
                yield Unread(name="", why=why)
            return
        name = pax.get("path") or long_name or info.name
        is_sparse = info.type == tarfile.GNUTYPE_SPARSE or any(field.startswith("GNU.sparse") for field in pax)
        end = source.position + (0 if info.type in EMPTY else -(-length // BLOCK) * BLOCK)
        long_name, pax = None, {}
        if info.type not in EMPTY:
            number += 1
        if info.type in LINKS:
            yield Unread(name=name, why="it is a link")
        elif info.type not in EMPTY and is_sparse:
            yield Unread(name=name, why="it is a sparse file: pack it without --sparse")
        elif info.type not in EMPTY and number > first:
            content_file, there, start = source.member(length)
            with content_file:
                yield Member(name=name, number=number - 1, file=content_file, bytes=there, start=start)
            if there < length:
                problem = source.problem or "truncated"
                yield Unread(name=name, why=f"it ends early ({problem}): the first {there} of {length} bytes are read")
                return
        source.skip(end - source.position)


def _pax_fields(content: bytes) -> dict[str, str]:
    """Records of the form `LENGTH name=value\\n`. Raises ValueError where they are not."""
    fields: dict[str, str] = {}
    while content:
        digits, _, _ = content.partition(b" ")
        length = int(digits)
        if not len(digits) < length <= len(content):
            raise ValueError(f"a field of {length} bytes")
        name, _, value = content[len(digits) + 1 : length - 1].decode("utf-8", "replace").partition("=")
        fields[name] = value
        content = content[length:]
    return fields

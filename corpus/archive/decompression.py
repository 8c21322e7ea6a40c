"""Decompression: a compressed file's content as one stream."""

from __future__ import annotations

import re
from typing import IO

from corpus.archive import members
from corpus.archive.codecs import Compression, Decompressor
from corpus.archive.members import BOMB, find_record_start

SMALL_CHUNK = 1 << 14  # so that a stream that ends in damage says where
MAX_RATIO = 200  # of what a whole file decompresses to; text reaches 20


class DecompressedStream:
    """The content of all members of a file as one stream, from the first member. Damage ends it, and so does what
    expands without end: `problem` then names it. `consumed`: compressed bytes that were read so far."""

    def __init__(self, file: IO[bytes], compression: Compression) -> None:
        self.problem: str | None = None
        self.consumed, self._produced = compression.first_member, 0
        self.member_start = compression.first_member  # offset of the member that is being read
        self._file, self._compression = file, compression
        self._decompressor: Decompressor | None = None
        self._rest = b""
        file.seek(compression.first_member)

    def read(self, size: int) -> bytes:
        """At most `size` bytes; none at the end."""
        while self.problem is None:
            if self._decompressor is None or self._decompressor.needs_input:
                block = self._rest or self._file.read(SMALL_CHUNK)
                self._rest = b""
                self.consumed += len(block)
                if not block:
                    self.problem = "truncated" if self._decompressor is not None else None
                    return b""
                if self._decompressor is None:
                    self.member_start = self.consumed - len(block)
                    self._decompressor = self._compression.codec.open(self._compression.dictionary)
            else:
                block = b""
            try:
                part = self._decompressor.decompress(block, size)
            except self._compression.codec.errors:
                self.problem = f"corrupt_{self._compression.codec.name}"
                return b""
            if self._decompressor.eof:
                self._rest = self._decompressor.unused_data or b""
                self.consumed -= len(self._rest)
                self._decompressor = None
            self._produced += len(part)
            if self._produced > members.MAX_DECOMPRESSED and self._produced > MAX_RATIO * self.consumed:
                self.problem = BOMB
            if part:
                return part
        return b""

    def resume(self, size: int, start: re.Pattern[bytes]) -> bool:
        """After damage, continues at the next member that begins like a record; False when there is none."""
        if self.problem == BOMB:
            return False
        position = find_record_start(self._file, self.member_start + 1, size, self._compression, start)
        self._file.seek(position)
        self.consumed, self._rest, self._decompressor, self.problem = position, b"", None, None
        return position < size

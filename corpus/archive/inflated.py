"""Inflated: a compressed file's content as one stream."""

from __future__ import annotations

import re
from typing import IO

from corpus.archive import members
from corpus.archive.codecs import Decompressor, Packing
from corpus.archive.members import BOMB, next_member

SMALL_CHUNK = 1 << 14  # so that a stream that ends in damage says where
MAX_RATIO = 200  # of what a whole file decompresses to; text reaches 20


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
            if self._given > members.MAX_INFLATED and self._given > MAX_RATIO * self.fed:
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

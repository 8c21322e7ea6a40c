"""Lookahead: the bytes of a file or stream, read forward once, with a view of what comes next."""

from __future__ import annotations

import re
from collections.abc import Callable

READ_CHUNK = 1 << 18


class LookaheadReader:
    """`position` is the offset of the next byte. Holds no more than the longest `peek`, and a chunk."""

    def __init__(self, read: Callable[[int], bytes], position: int = 0) -> None:
        self.position = position
        self._read = read
        self._held = bytearray()
        self._ended = False

    def peek(self, size: int) -> bytes:
        """The next `size` bytes, fewer at the end."""
        self._fill(size)
        return bytes(self._held[:size])

    def take(self, size: int) -> bytes:
        """As `peek`, and passes them."""
        taken = self.peek(size)
        del self._held[: len(taken)]
        self.position += len(taken)
        return taken

    def skip(self, size: int, keep: int = 0) -> bytes:
        """Passes `size` bytes, or all that are left, and returns the first `keep` of them."""
        kept = bytearray()
        while size > 0:
            if self._held:
                part = self.take(min(size, len(self._held)))
            else:  # not by way of what is held: 2 GiB take a third of the time
                part = self._read(min(size, READ_CHUNK))
                self.position += len(part)
            if not part:
                self._ended = True
                break
            size -= len(part)
            kept += part[: keep - len(kept)]
        return bytes(kept)

    def skip_to(self, mark: re.Pattern[bytes], reach: int, keep: int) -> bytes:
        """Passes everything up to the group in the next `mark`, which looks at no more than `reach` bytes, or all that
        there is. Returns the first `keep` bytes that were passed."""
        kept = b""
        while True:
            seen = self.peek(READ_CHUNK + reach)
            match = mark.search(seen)
            if match is not None:
                return kept + self.skip(match.start(1), keep - len(kept))
            at_end = len(seen) < READ_CHUNK + reach
            kept += self.skip(len(seen) if at_end else READ_CHUNK, keep - len(kept))
            if at_end:
                return kept

    def _fill(self, size: int) -> None:
        while len(self._held) < size and not self._ended:
            block = self._read(READ_CHUNK)
            self._held += block
            self._ended = not block

"""Sections: a part of a file, read as a file of its own; and a copy of what can be read in one direction alone."""

from __future__ import annotations

import io
import tempfile
from collections.abc import Callable
from typing import IO, Any

COPIED = 1 << 20  # bytes at a time


class Section(io.RawIOBase):
    """Bytes [start, start + size) of a file that can seek; what the file does not have is missing at its end."""

    def __init__(self, file: IO[bytes], start: int, size: int) -> None:
        self._file, self._start, self._size, self._position = file, start, size, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._size}[whence]
        self._position = max(0, base + offset)
        return self._position

    def readinto(self, buffer: Any) -> int:
        wanted = min(len(buffer), self._size - self._position)
        if wanted <= 0:
            return 0
        self._file.seek(self._start + self._position)
        data = self._file.read(wanted)
        buffer[: len(data)] = data
        self._position += len(data)
        return len(data)


def copy_content(read: Callable[[int], bytes], size: int) -> tuple[IO[bytes], int]:
    """(a temporary file with the next `size` bytes, how many there are), at its start. On disk, since it may be large;
    it goes when it is closed."""
    copy: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115  # its reader closes it
    copied = 0
    try:
        while copied < size and (block := read(min(COPIED, size - copied))):
            copy.write(block)
            copied += len(block)
    except BaseException:
        copy.close()
        raise
    copy.seek(0)
    return copy, copied

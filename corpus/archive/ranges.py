"""Ranges: which records of a file a reader yields."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(kw_only=True)
class FileRange:
    """The records of a file that begin in bytes [start, stop).

    The reader of a compressed file sets `begins` and `ends`: where it found the first record, and where it left off. A
    range that begins in the middle of a file has to guess: it takes the first member that begins like a record, and
    that may lie inside another member which stores its content as it is, such as the archived copy of a WARC. Of two
    neighbouring ranges the first knows: where it `ends` is where the second has to begin, and if that one did not, it
    is to be read again with the right start and `exact` set. By induction from byte 0 all ranges together then read
    what one range would, whatever is in the file.
    """

    start: int
    stop: int
    exact: bool = False
    begins: int | None = None
    ends: int | None = None

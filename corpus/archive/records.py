"""Records: the bytes of a crawl file -> its records, one after another, whatever is damaged in between.

Each record has the offset and length of its bytes in the file; together with the crawl and the file's name they are its
identity. Where records are not one per member (a WARC that was compressed as a whole), offsets count in what it
decompresses to. ARC, WARC's forerunner, is read as WARC: see archive/arc.py.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import IO

from corpus.archive.decompression import DecompressedStream
from corpus.archive.layout import detect_layout
from corpus.archive.member_records import read_member_records
from corpus.archive.parsing import DamagedRange, Record
from corpus.archive.ranges import FileRange
from corpus.archive.stream_records import read_decompressed_records, read_plain_records


def read_records(file: IO[bytes], size: int, chosen: FileRange) -> Iterator[Record | DamagedRange]:
    """The records that begin in the chosen range of a file of `size` bytes.

    Ranges that tile a file with one record per member yield each of its records exactly once (see FileRange). Any other
    file has no marks to find a record's start by: the range that begins at 0, or one that is exact, reads from there to
    the end, and the others nothing.
    """
    layout = detect_layout(file)
    if layout.compression is not None and layout.one_record_per_member:
        yield from read_member_records(file, size, chosen, layout.compression, layout.format)
    elif chosen.start > 0 and not chosen.exact:
        return
    elif layout.compression is not None:
        stream = DecompressedStream(file, layout.compression)
        yield from read_decompressed_records(stream, size, chosen.start, layout.format)
    else:
        yield from read_plain_records(file, size, chosen.start, layout.format)

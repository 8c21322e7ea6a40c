"""Member records: the records of a compressed file that holds one per member.

What cannot be read becomes a DamagedRange, and reading continues at the next member. Source: WARC/1.1, annex D.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import IO

from corpus.archive import parsing
from corpus.archive.codecs import Compression
from corpus.archive.formats import Format
from corpus.archive.members import find_record_start, read_member, starts_record
from corpus.archive.parsing import MAX_RAW, DamagedRange, Record, parse_record
from corpus.archive.ranges import FileRange


def read_member_records(
    file: IO[bytes], size: int, chosen: FileRange, compression: Compression, form: Format
) -> Iterator[Record | DamagedRange]:
    """Those of a file of `size` bytes that begin in the chosen range; sets its `begins` and `ends`."""
    position = max(chosen.start, compression.first_member)
    if chosen.start > 0 and not chosen.exact:
        position = find_record_start(file, position, size, compression, form.start)
    chosen.begins = position
    # The next range begins at its first whole record, so damage right after `stop` is this range's to report.
    while position < size and (position < chosen.stop or not starts_record(file, position, compression, form.start)):
        member = read_member(file, position, compression, parsing.MAX_RECORD)
        end = find_record_start(file, position + 1, size, compression, form.start) if member.problem else member.end
        if member.data is not None:
            yield parse_record(member.data, position, end - position, form)
        else:
            yield DamagedRange(
                offset=position,
                length=end - position,
                reason=member.problem or "too_large",
                detail=f"{compression.codec.name} member at byte {position}, next record at byte {end}",
                raw=_read_raw(file, position, end) if member.problem else b"",
            )
        position = end
    chosen.ends = position


def _read_raw(file: IO[bytes], start: int, stop: int) -> bytes:
    file.seek(start)
    return file.read(min(stop - start, MAX_RAW))

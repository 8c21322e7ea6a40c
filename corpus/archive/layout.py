"""Layout: how a crawl file holds its records: plain, one per compressed member, or compressed as a whole."""

from __future__ import annotations

from dataclasses import dataclass
from typing import IO

from corpus.archive import members, parsing
from corpus.archive.codecs import Compression, detect_compression
from corpus.archive.formats import Format, detect_format
from corpus.archive.members import read_member, read_member_start, starts_record
from corpus.archive.parsing import MAX_HEADER


@dataclass(frozen=True, kw_only=True)
class Layout:
    """`compression` is None in a plain file; `one_record_per_member`: as WARC/1.1 recommends (annex D)."""

    format: Format
    compression: Compression | None
    one_record_per_member: bool


def detect_layout(file: IO[bytes]) -> Layout:
    """Raises ValueError on a zstd dictionary that cannot be read."""
    compression = detect_compression(file)
    if compression is None:
        file.seek(0)
        head = file.read(members.START_BYTES)
        return Layout(format=detect_format(head), compression=None, one_record_per_member=False)
    head, _ = read_member_start(file, compression.first_member, compression, members.START_BYTES)
    form = detect_format(head)
    return Layout(
        format=form,
        compression=compression,
        one_record_per_member=not _is_compressed_as_a_whole(file, compression, form),
    )


def _is_compressed_as_a_whole(file: IO[bytes], compression: Compression, form: Format) -> bool:
    """Whether the first member has a second record after its first one, or ends inside that and another member
    continues it. A first record above parsing.MAX_RECORD is taken to be alone."""
    start = compression.first_member
    head, _ = read_member_start(file, start, compression, MAX_HEADER)
    length = form.record_length(head)
    if length is None or length > parsing.MAX_RECORD:
        return False
    data, ended = read_member_start(file, start, compression, length + members.READ_CHUNK)
    if len(data) >= length:
        return bool(form.start.match(data[length:].lstrip(b"\r\n")))
    first = read_member(file, start, compression, max_bytes=0)
    file.seek(first.end)
    return (
        ended
        and bool(compression.codec.start.match(file.read(8)))
        and not starts_record(file, first.end, compression, form.start)
        # A damaged record begins like none.
        and read_member(file, first.end, compression, max_bytes=0).problem is None
    )

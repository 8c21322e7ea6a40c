"""Stream records: the records of a plain file, or of one that was compressed as a whole, which follow one another.

Nothing but the records themselves says where one begins: after damage, reading continues at what looks like the next.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import IO

from corpus.archive import members, parsing
from corpus.archive.decompression import DecompressedStream
from corpus.archive.formats import Format
from corpus.archive.lookahead import LookaheadReader
from corpus.archive.parsing import MAX_HEADER, MAX_RAW, DamagedRange, Record, parse_record

AFTER = 64  # bytes after a record that tell whether it ends there


def read_plain_records(file: IO[bytes], size: int, start: int, form: Format) -> Iterator[Record | DamagedRange]:
    """Those of a plain file of `size` bytes, from `start` to its end."""
    file.seek(start)
    yield from _records(LookaheadReader(file.read, start), (file, size), form)


def read_decompressed_records(
    source: DecompressedStream, size: int, start: int, form: Format
) -> Iterator[Record | DamagedRange]:
    """Those of a file that was compressed as a whole, from `start` in what it decompresses to. After damage a new
    reader begins, for no record may reach over it; the break counts as one byte, so that what was lost and the record
    after it have offsets of their own."""
    reader = LookaheadReader(source.read)
    while True:
        reader.skip(start - reader.position)
        if reader.position >= start:
            yield from _records(reader, None, form)
        if source.problem is None:
            return
        reason, member_start, consumed = source.problem, source.member_start, source.consumed
        resumed = source.resume(size, form.start)
        length = source.consumed - member_start if resumed else size - consumed
        rest = f"reading goes on at byte {source.consumed}" if resumed else "what is behind it cannot be read"
        detail = f"damaged between compressed bytes {member_start} and {consumed} of {size}; {rest}"
        if reader.position >= start:
            yield DamagedRange(offset=reader.position, length=length, reason=reason, detail=detail)
        if not resumed:
            return
        reader = LookaheadReader(source.read, reader.position + 1)


def _records(
    reader: LookaheadReader, plain: tuple[IO[bytes], int] | None, form: Format
) -> Iterator[Record | DamagedRange]:
    """All records to the end. `plain`: the file that is read and its size, None where it is a decompressed stream."""
    while head := reader.peek(MAX_HEADER):
        blank = len(head) - len(head.lstrip(b"\r\n"))
        if blank:
            reader.skip(blank)
            continue
        position, length = reader.position, form.record_length(head)
        is_credible = length is not None and _is_credible(reader, length, plain, form)
        if length is not None and not is_credible and (uncounted := form.uncounted(head)):
            length -= uncounted
            is_credible = _is_credible(reader, length, plain, form)
        if length is None or not is_credible:
            yield _skip_damage(reader, is_header=length is not None, form=form)
        elif length > parsing.MAX_RECORD:
            reader.skip(length)
            reason = "too_large" if form.end.match(reader.peek(AFTER)) else "bad_warc_header"
            skipped = reader.position - position
            yield DamagedRange(offset=position, length=skipped, reason=reason, detail=f"{length} bytes")
        else:
            yield parse_record(reader.take(length), position, length, form)


def _skip_damage(reader: LookaheadReader, is_header: bool, form: Format) -> DamagedRange:
    """Passes everything up to the next record. `is_header`: whether what stands here has a usable length."""
    position = reader.position
    raw = reader.skip(1, MAX_RAW) + reader.skip_to(form.next_start, form.next_start_reach, MAX_RAW - 1)
    return DamagedRange(
        offset=position,
        length=reader.position - position,
        reason="truncated" if is_header and not reader.peek(1) else "bad_warc_header",
        detail=f"record header at byte {position}, next record at byte {reader.position}",
        raw=raw,
    )


def _is_credible(reader: LookaheadReader, length: int, plain: tuple[IO[bytes], int] | None, form: Format) -> bool:
    """Whether a length by a header can be: the file is so long, and what stands there ends a record. Otherwise a length
    that is too small would make a cut page, one that is too large a page with its neighbours in it. In a stream, what
    is too large to look ahead is believed, within reason, and seen when it is passed."""
    if length <= parsing.MAX_RECORD:
        ahead = reader.peek(length + AFTER)
        return len(ahead) >= length and form.end.match(ahead, length) is not None
    if plain is None:
        return length <= members.MAX_DECOMPRESSED
    file, size = plain
    if reader.position + length > size:
        return False
    position = file.tell()
    file.seek(reader.position + length)
    ends = form.end.match(file.read(AFTER)) is not None
    file.seek(position)
    return ends

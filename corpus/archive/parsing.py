"""Parsing: the bytes of one record -> the record, or why it cannot be read."""

from __future__ import annotations

import io
from dataclasses import dataclass

from fastwarc.warc import ArchiveIterator, WarcRecord

from corpus.archive.formats import Format

MAX_RECORD = 64 << 20  # bytes; a record above this is streamed past, never held
MAX_HEADER = 1 << 16
MAX_RAW = 1 << 20  # bytes of what is damaged that are kept aside


@dataclass(frozen=True, kw_only=True)
class Record:
    """One whole record; `data` are its bytes, decompressed, and `warc` is fastwarc's, its reader at the start of the
    record's block."""

    offset: int
    length: int
    warc: WarcRecord
    data: bytes


@dataclass(frozen=True, kw_only=True)
class DamagedRange:
    """Bytes of the file that hold no record, and why; `raw` are the first of them. `too_large` records are whole, but
    not read; a `bomb` decompresses without end. Of damage in a file that was compressed as a whole, `length` is that of
    the damaged member, or of all that follows it where nothing else can be read, compressed."""

    offset: int
    length: int
    reason: str
    detail: str
    raw: bytes = b""


def parse_record(data: bytes, offset: int, length: int, form: Format) -> Record | DamagedRange:
    """`offset` and `length` are of its bytes in the file."""

    def damaged(reason: str, detail: str) -> DamagedRange:
        return DamagedRange(offset=offset, length=length, reason=reason, detail=detail, raw=data[:MAX_RAW])

    expected = form.record_length(data)
    if expected is not None and 0 < expected - len(data) <= form.uncounted(data):
        expected = len(data)
    if expected is None or expected > len(data):
        detail = f"it begins {data[:40]!r}; its length is missing, unusable or beyond the record's end"
        return damaged("bad_warc_header", detail)
    if data[expected:].strip(b"\r\n"):
        return damaged("bytes_behind_record", f"{len(data) - expected} bytes stand behind the record's length")
    source = io.BytesIO(form.to_warc(data))
    try:
        warc = next(iter(ArchiveIterator(source, parse_http=False, stream_detect=False, quirks_mode=True)))
    except (OSError, ValueError, StopIteration) as error:
        return damaged("bad_warc_header", str(error)[:200])
    return Record(offset=offset, length=length, warc=warc, data=data)

"""Web: the records of WARC, WET and ARC files -> pages."""

from __future__ import annotations

from collections.abc import Iterator
from typing import IO

from fastwarc.warc import WarcRecordType

from corpus.archive.pages import NotAPage, read_conversion, read_page
from corpus.archive.records import record_url
from corpus.archive.warc import Broken, Record, Span, layout, read_records
from corpus.sources.contract import RAW, Found

NOT_READ = ("too_large", "bomb")  # whole records, for all that is known: dropped, not quarantined


class Web:
    name = "web"

    def splittable(self, file: IO[bytes]) -> bool:
        return layout(file).splittable

    def problem(self, file: IO[bytes]) -> str | None:
        try:
            layout(file)
        except ValueError as error:
            return str(error)
        return None

    def read(self, file: IO[bytes], size: int, name: str, span: Span) -> Iterator[Found]:
        for record in read_records(file, size, span):
            if isinstance(record, Broken):
                lost = record.reason not in NOT_READ
                content = NotAPage(reason=record.reason, detail=record.detail, broken=lost)
                yield Found(offset=record.offset, length=record.length, content=content, raw=record.raw)
            else:
                yield _found(record)


def _found(record: Record) -> Found:
    conversion = record.warc.record_type == WarcRecordType.conversion
    content = read_conversion(record.warc) if conversion else read_page(record.warc)
    # What is only flagged may be quarantined too: that is for the configuration to say.
    doubtful = content.broken if isinstance(content, NotAPage) else content.flags
    raw = record.data[:RAW] if doubtful else b""
    return Found(offset=record.offset, length=record.length, content=content, url=record_url(record.warc), raw=raw)

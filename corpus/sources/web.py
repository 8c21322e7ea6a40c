"""Web: WARC, WET and ARC files. The bytes of a file -> records -> pages."""

from __future__ import annotations

from collections.abc import Iterator
from typing import IO

from fastwarc.warc import WarcRecordType

from corpus.archive.headers import record_url
from corpus.archive.layout import detect_layout
from corpus.archive.pages import NotAPage, read_conversion, read_page
from corpus.archive.parsing import MAX_RAW, DamagedRange, Record
from corpus.archive.ranges import FileRange
from corpus.archive.records import read_records
from corpus.sources.contract import SourceRecord

NOT_READ = ("too_large", "bomb")  # whole records, for all that is known: dropped, not quarantined


class Web:
    name = "web"

    def splittable(self, file: IO[bytes]) -> bool:
        return detect_layout(file).one_record_per_member

    def problem(self, file: IO[bytes]) -> str | None:
        try:
            detect_layout(file)
        except ValueError as error:
            return str(error)
        return None

    def read(self, file: IO[bytes], size: int, name: str, chosen: FileRange) -> Iterator[SourceRecord]:
        for record in read_records(file, size, chosen):
            yield _damage(record) if isinstance(record, DamagedRange) else _page(record)


def _damage(damaged: DamagedRange) -> SourceRecord:
    quarantined = damaged.reason not in NOT_READ
    content = NotAPage(reason=damaged.reason, detail=damaged.detail, broken=quarantined)
    return SourceRecord(offset=damaged.offset, length=damaged.length, content=content, raw=damaged.raw)


def _page(record: Record) -> SourceRecord:
    is_conversion = record.warc.record_type == WarcRecordType.conversion
    content = read_conversion(record.warc) if is_conversion else read_page(record.warc)
    # What is only flagged may be quarantined too: that is for the configuration to say.
    doubtful = content.broken if isinstance(content, NotAPage) else content.flags
    return SourceRecord(
        offset=record.offset,
        length=record.length,
        content=content,
        url=record_url(record.warc),
        raw=record.data[:MAX_RAW] if doubtful else b"",
    )

"""Delimited: CSV and TSV with a header, one document a row, in columns named as in corpus.sources.rows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import IO

from corpus.archive.codecs import detect_compression
from corpus.archive.decompression import DecompressedStream
from corpus.archive.lookahead import LookaheadReader
from corpus.archive.ranges import FileRange
from corpus.sources.contract import SourceRecord, oversized_record, unreadable_record
from corpus.sources.csvlines import CsvLines, CsvRow
from corpus.sources.rows import CONVENTION, Columns, missing_text, read_row, row_url
from corpus.sources.signatures import WIDE_MARKS


class Delimited:
    """Offsets count in what a compressed file decompresses to. Not splittable: a quoted field may hold any line."""

    name = "csv"

    def __init__(self, columns: Columns = CONVENTION) -> None:
        self.columns = columns

    def splittable(self, file: IO[bytes]) -> bool:
        return False

    def problem(self, file: IO[bytes]) -> str | None:
        reader, _ = _opened(file)
        if reader.peek(2) in WIDE_MARKS:
            return "it is CSV in UTF-16; save it as UTF-8"
        try:
            header = CsvLines(reader).header
        except ValueError as error:
            return str(error)
        if any(name in header for name in self.columns.texts):
            return None
        return f"it has {missing_text('column', self.columns, header)}"

    def read(self, file: IO[bytes], size: int, name: str, chosen: FileRange) -> Iterator[SourceRecord]:
        if chosen.start > 0 and not chosen.exact:
            return
        reader, stream = _opened(file)
        try:
            lines = CsvLines(reader)
        except ValueError as error:
            yield unreadable_record(0, size, "bad_csv", str(error))
            return
        for row in lines.rows():
            if row.offset >= chosen.start:
                yield self._record(row, lines.header)
        if stream is not None and stream.problem:
            detail = f"damaged near compressed byte {stream.consumed} of {size}; what is behind it cannot be read"
            yield unreadable_record(lines.position, 0, stream.problem, detail)

    def _record(self, row: CsvRow, header: list[str]) -> SourceRecord:
        if row.too_long:
            return oversized_record(row.offset, row.too_long)
        if isinstance(row.fields, str):
            detail = f"line {row.line}: {row.fields}; it begins {row.data[:40]!r}"
            return unreadable_record(row.offset, len(row.data), "bad_csv", detail, row.data)
        fields = dict(zip(header, row.fields, strict=True))
        return SourceRecord(
            offset=row.offset,
            length=len(row.data),
            content=read_row(fields, self.columns),
            url=row_url(fields, self.columns),
        )


def _opened(file: IO[bytes]) -> tuple[LookaheadReader, DecompressedStream | None]:
    compression = detect_compression(file)
    if compression is not None:
        stream = DecompressedStream(file, compression)
        return LookaheadReader(stream.read), stream
    file.seek(0)
    return LookaheadReader(file.read), None

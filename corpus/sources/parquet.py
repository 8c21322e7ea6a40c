"""Parquet: one document a row, in columns named as the fields of JSON lines are. A range reads the row groups that
begin in it, one batch of rows at a time. Source: the Apache Parquet format, 2.x."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO

import pyarrow as pa
import pyarrow.parquet as pq
from fsspec.implementations.local import LocalFileOpener

from corpus.archive.ranges import FileRange
from corpus.sources.contract import SourceRecord, unreadable_record
from corpus.sources.jsonl import DATE_FIELDS, TEXT_FIELDS, URL_FIELDS, read_row, row_url

MAGIC = b"PAR1"
ROWS = 256
BUFFER = 1 << 20  # bytes read at a time; without one, all that a row group has of a column
ERRORS = (OSError, pa.ArrowException)


class Parquet:
    name = "parquet"

    def splittable(self, file: IO[bytes]) -> bool:
        return True

    def problem(self, file: IO[bytes]) -> str | None:
        try:
            with open_parquet(file) as table:
                names = table.schema_arrow.names
        except ERRORS as error:
            return f"it begins like Parquet, but its footer cannot be read ({error})"
        if any(name in TEXT_FIELDS for name in names):
            return None
        return f"it has no column named {' or '.join(TEXT_FIELDS)}, but {', '.join(names)}"[:300]

    def read(self, file: IO[bytes], size: int, name: str, chosen: FileRange) -> Iterator[SourceRecord]:
        with open_parquet(file) as table:
            wanted = {*TEXT_FIELDS, *URL_FIELDS, *DATE_FIELDS, "title"}
            columns = [column for column in table.schema_arrow.names if column in wanted]
            row = 0
            for number in range(table.num_row_groups):
                group = table.metadata.row_group(number)
                last = row + group.num_rows
                # An exact chosen names a row by its number.
                within = row <= chosen.start < last if chosen.exact else chosen.start <= _begins(group) < chosen.stop
                if within:
                    found = _rows(table, number, row, last, columns)
                    yield from (one for one in found if not chosen.exact or one.offset >= chosen.start)
                row = last


@contextmanager
def open_parquet(file: IO[bytes]) -> Iterator[pq.ParquetFile]:
    """A local file is opened by Arrow itself: its threads must not call a file of Python's back, or a process that ends
    meanwhile is aborted. A remote one is read without threads, and without the buffer that they fill."""
    file.seek(0)
    source = pa.OSFile(file.path) if isinstance(file, LocalFileOpener) else file
    with pq.ParquetFile(source, pre_buffer=False, buffer_size=BUFFER, page_checksum_verification=True) as table:
        yield table
    if source is not file:
        source.close()


def _begins(group: pq.RowGroupMetaData) -> int:
    chunk = group.column(0)
    dictionary = chunk.dictionary_page_offset
    return int(dictionary if dictionary is not None and dictionary > 0 else chunk.data_page_offset)


def _rows(table: pq.ParquetFile, number: int, row: int, last: int, columns: list[str]) -> Iterator[SourceRecord]:
    try:
        for batch in table.iter_batches(ROWS, row_groups=[number], columns=columns, use_threads=False):
            for values in batch.to_pylist():
                yield SourceRecord(offset=row, length=1, content=read_row(values), url=row_url(values))
                row += 1
    except (*ERRORS, UnicodeDecodeError) as error:
        detail = f"rows {row} to {last} of row group {number}: {error}"
        yield unreadable_record(row, last - row, "corrupt_parquet", detail)

"""Parquet: one document a row, in columns named as in corpus.sources.rows. A range reads the row groups that
begin in it, one batch of rows at a time. Source: the Apache Parquet format, 2.x."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Any

import pyarrow as pa
import pyarrow.parquet as pq
from fsspec.implementations.local import LocalFileOpener
from pyarrow import types

from corpus.archive.ranges import FileRange
from corpus.sources.contract import SourceRecord, unreadable_record
from corpus.sources.rows import CONVENTION, MAX_DEPTH, Columns, Unreadable, missing_text, read_row, row_url

MAGIC = b"PAR1"
ROWS = 256
BUFFER = 1 << 20  # bytes read at a time; without one, all that a row group has of a column
ERRORS = (OSError, pa.ArrowException)
# What the conversion of a value to Python raises: a date beyond Python's, no UTF-8, a time zone that does not exist.
UNFIT = (ValueError, OverflowError, LookupError, NotImplementedError, pa.ArrowException)


class Parquet:
    name = "parquet"

    def __init__(self, columns: Columns = CONVENTION) -> None:
        self.columns = columns

    def splittable(self, file: IO[bytes]) -> bool:
        return True

    def problem(self, file: IO[bytes]) -> str | None:
        try:
            with open_parquet(file) as table:
                schema = table.schema_arrow
        except (*ERRORS, UnicodeDecodeError) as error:
            return f"it begins like Parquet, but its footer cannot be read ({error})"
        found = {name: of for name in self.columns.texts if (of := type_at(schema, name)) is not None}
        if any(_holds_text(of) for of in found.values()):
            return None
        if found:
            name, of = next(iter(found.items()))
            return f"its column {name} has {of}, no texts; {missing_text('column', self.columns, column_paths(schema))}"
        return f"it has {missing_text('column', self.columns, column_paths(schema))}"

    def read(self, file: IO[bytes], size: int, name: str, chosen: FileRange) -> Iterator[SourceRecord]:
        with open_parquet(file) as table:
            columns = [path for path in dict.fromkeys(self.columns.read) if type_at(table.schema_arrow, path)]
            row = 0
            for number in range(table.num_row_groups):
                group = table.metadata.row_group(number)
                last = row + group.num_rows
                # An exact chosen names a row by its number.
                within = row <= chosen.start < last if chosen.exact else chosen.start <= _begins(group) < chosen.stop
                if within:
                    found = self._rows(table, number, row, last, columns)
                    yield from (one for one in found if not chosen.exact or one.offset >= chosen.start)
                row = last

    def _rows(
        self, table: pq.ParquetFile, number: int, row: int, last: int, columns: list[str]
    ) -> Iterator[SourceRecord]:
        try:
            for batch in table.iter_batches(ROWS, row_groups=[number], columns=columns, use_threads=False):
                by_column = [_values(column) for column in batch.columns]
                for values in zip(*by_column, strict=True):
                    fields = dict(zip(batch.schema.names, values, strict=True))
                    content, url = read_row(fields, self.columns), row_url(fields, self.columns)
                    yield SourceRecord(offset=row, length=1, content=content, url=url)
                    row += 1
        except ERRORS as error:
            detail = f"rows {row} to {last} of row group {number}: {error}"
            yield unreadable_record(row, last - row, "corrupt_parquet", detail)


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


def type_at(schema: pa.Schema, path: str) -> pa.DataType | None:
    """The type of the column at a path, None where there is no such column."""
    if path in schema.names:
        return schema.field(schema.names.index(path)).type
    name, dot, rest = path.partition(".")
    of = schema.field(schema.names.index(name)).type if dot and name in schema.names else None
    return type_at(pa.schema(list(of)), rest) if of is not None and types.is_struct(of) else None


def column_paths(schema: pa.Schema, prefix: str = "") -> Iterator[str]:
    """The paths of all columns, of nested ones those within."""
    for field in schema:
        if types.is_struct(field.type) and field.type.num_fields and prefix.count(".") < MAX_DEPTH:
            yield from column_paths(pa.schema(list(field.type)), f"{prefix}{field.name}.")
        else:
            yield f"{prefix}{field.name}"


def _holds_text(of: pa.DataType) -> bool:
    if types.is_dictionary(of):
        return _holds_text(of.value_type)
    strings = (types.is_string, types.is_large_string, types.is_string_view)
    return any(check(of) for check in (*strings, types.is_binary, types.is_large_binary, types.is_null))


def _values(column: pa.Array) -> list[Any]:
    """The values of a column; each that cannot be converted is Unreadable."""
    try:
        return [_text(value) for value in column.to_pylist()]
    except UNFIT:
        return [_value(scalar) for scalar in column]


def _value(scalar: pa.Scalar) -> Any:
    try:
        return _text(scalar.as_py())
    except UNFIT as error:
        return Unreadable(error=f"{scalar.type}: {error}")


def _text(value: Any) -> Any:
    """Many tables hold texts as bytes."""
    if not isinstance(value, bytes):
        return value
    try:
        return value.decode()
    except UnicodeDecodeError as error:
        return Unreadable(error=f"bytes: {error}")

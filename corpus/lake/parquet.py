"""Parquet: how the files of datasets are written: zstd, a checksum on every page, the same bytes for the same rows."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

# A part of every stage's address: rises when a writer makes other bytes of the same rows.
VERSION = "2"


@contextmanager
def parquet_writer(path: Path, schema: pa.Schema) -> Iterator[pq.ParquetWriter]:
    """A writer whose bytes depend on the rows alone: zstd, and a checksum on every page."""
    columns = _with_dictionary(schema)
    with pq.ParquetWriter(path, schema, compression="zstd", write_page_checksum=True, use_dictionary=columns) as writer:
        yield writer


@cache
def _with_dictionary(schema: pa.Schema) -> list[str]:
    """The columns, by path, whose values may come again. Texts, ids and hashes do not: a dictionary of them costs time
    and space, three times as much to write keys."""
    alone = {
        field.name
        for field in schema
        if pa.types.is_large_string(field.type)
        or pa.types.is_fixed_size_binary(field.type)
        or pa.types.is_unsigned_integer(field.type)
    }
    sink = pa.BufferOutputStream()
    pq.write_table(schema.empty_table(), sink)
    columns = pq.read_metadata(pa.BufferReader(sink.getvalue())).schema  # a struct is a column a field
    return [column.path for column in map(columns.column, range(len(columns))) if column.path not in alone]

"""Parquet: how the files of datasets are written: zstd, a checksum on every page, the same bytes for the same rows; and
how a few of their rows are read."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from fsspec import AbstractFileSystem

from corpus.lake.remote_files import RemoteFiles
from corpus.lake.remote_parquet import RemoteParquet

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


@contextmanager
def open_file(path: str, remote: RemoteFiles | None) -> Iterator[pq.ParquetFile]:
    """A file of this machine, or of a store, whose page checksums are verified while it is read. Raises OSError naming
    it.

    Arrow gets its own file or memory, never a file of Python's: its threads would have to call back, and one that does
    so while Python shuts down aborts the process.
    """
    try:
        if remote is None:
            with pa.OSFile(path) as source, pq.ParquetFile(source, page_checksum_verification=True) as file:
                yield file
        else:
            with RemoteParquet(remote, path) as file:
                yield file
    except (OSError, pa.ArrowInvalid) as error:
        raise OSError(f"{path} cannot be read: {error}; `headwater verify` names every damaged file") from error


def read_schema(fs: AbstractFileSystem, path: str) -> pa.Schema:
    """The columns of a Parquet file, of which its end alone is read."""
    with fs.open(path, "rb") as file:
        return pq.read_schema(file)


def find_places(column: pa.ChunkedArray, values: pa.Array) -> np.ndarray:
    """The rows that have one of `values`, int64, ascending."""
    return np.flatnonzero(pc.is_in(column, value_set=values).to_numpy())


def take_places(file: pq.ParquetFile, places: np.ndarray, columns: list[str]) -> pa.Table:
    """The rows at these places, in this order. Reads the row groups that hold one."""
    sizes = np.array([file.metadata.row_group(group).num_rows for group in range(file.num_row_groups)], np.int64)
    owners = np.searchsorted(np.cumsum(sizes), places, side="right")
    groups, nth = np.unique(owners, return_inverse=True)
    table = file.read_row_groups(groups.tolist(), columns)
    check_rows(table.num_rows, int(sizes[groups].sum()))
    shift = np.cumsum(sizes[groups]) - np.cumsum(sizes)[groups]  # what is not read in front of a group
    return table.take(pa.array(places + shift[nth]))


def read_between(file: pq.ParquetFile, column: str, first: int, last: int, columns: list[str]) -> pa.Table:
    """The rows whose `column`, of whole numbers without nulls, is from `first` to `last`. Reads the row groups that may
    hold one, by the least and the largest value that the file notes of each."""
    groups = []
    for number in range(file.num_row_groups):
        group = file.metadata.row_group(number)
        noted = next(
            one.statistics for one in map(group.column, range(group.num_columns)) if one.path_in_schema == column
        )
        if noted is None or (noted.min <= last and noted.max >= first):
            groups.append(number)
    table = file.read_row_groups(groups, [column, *columns])
    check_rows(table.num_rows, sum(file.metadata.row_group(number).num_rows for number in groups))
    values = table[column].to_numpy()
    inside = (values >= first) & (values <= last)
    return (table if inside.all() else table.filter(pa.array(inside))).select(columns)


def check_rows(found: int, wanted: int) -> None:
    """Raises OSError where rows are missing: Arrow passes over a page whose header is damaged, where it reads one
    column alone."""
    if found != wanted:
        raise OSError(f"it has {wanted} rows, of which {found} can be read")

"""Tables: a file of documents, Parquet, JSON lines or CSV -> Arrow batches of its ids and texts, or of all its columns.

Unlike the sources of a crawl, which set aside what is broken and go on, a table is read whole or refused: what is wrong
is a ValueError, or an OSError where the file cannot be read, with the file, the position in it and what to do.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any, Protocol

import fsspec
import pyarrow as pa
import pyarrow.compute as pc

from corpus.archive.codecs import detect_compression
from corpus.sources.csvlines import CSV_NAME
from corpus.sources.kinds import JSONL_NAME
from corpus.sources.parquet import ERRORS, MAGIC, column_paths, open_parquet, type_at
from corpus.sources.signatures import describe_binary
from corpus.tabular.columns import UNFIT, JsonFields, arrow_type, id_array, missing_name
from corpus.tabular.row_tables import BYTES, ROWS, RowTable, read_csv_rows, read_json_rows

HEAD = 1 << 12


class Table(Protocol):
    path: str

    @property
    def schema(self) -> pa.Schema:
        """Known when the documents were read once. Where the file says nothing of a type, it is null."""

    def documents(self) -> Iterator[tuple[pa.Array, pa.Array]]:
        """(ids as `id_array` has them, texts as large strings) of each batch."""

    def rows(self, columns: pa.Schema) -> Iterator[pa.RecordBatch]:
        """All rows, with these columns: null where the file has none of that name."""


class ParquetTable:
    def __init__(self, path: str, fs: Any, file: str, id_column: str, text_column: str) -> None:
        self.path, self._fs, self._file = path, fs, file
        self._id, self._text = id_column, text_column
        try:
            with fs.open(file, "rb") as raw, open_parquet(raw) as table:
                self.schema = table.schema_arrow.remove_metadata()
                groups = [table.metadata.row_group(number) for number in range(table.num_row_groups)]
        except ERRORS as error:
            raise OSError(f"{path}: it cannot be read as Parquet; it may be cut off or damaged ({error})") from error
        widest = max((group.total_byte_size // max(group.num_rows, 1) for group in groups), default=0)
        self._rows = max(1, min(ROWS, BYTES // max(widest, 1)))
        for name, option in ((id_column, "--id"), (text_column, "--text")):
            if type_at(self.schema, name) is None or self.schema.names.count(name) > 1:
                raise ValueError(missing_name(path, "column", name, list(column_paths(self.schema)), option))
        of = type_at(self.schema, text_column)
        if arrow_type(of) != "strings":
            raise ValueError(f"{path}: column {text_column!r} has {of}, no strings; name that of the texts by --text")

    def documents(self) -> Iterator[tuple[pa.Array, pa.Array]]:
        row = 0
        for batch in self._batches([self._id, self._text]):
            own = {name: _column(batch, name) for name in (self._id, self._text)}
            for name, column in own.items():
                if column.null_count:
                    at = row + column.is_null().index(True).as_py() + 1
                    raise ValueError(f"{self.path}, row {at:,}: {name!r} is null; leave such rows out")
            try:
                ids, texts = id_array(own[self._id]), own[self._text].cast(pa.large_string())
                texts.validate(full=True)  # compiled code reads its bytes
            except UNFIT as error:
                raise ValueError(f"{self.path}, rows {row + 1:,} to {row + len(batch):,}: {error}") from error
            yield ids, texts
            row += len(batch)

    def rows(self, columns: pa.Schema) -> Iterator[pa.RecordBatch]:
        for batch in self._batches([name for name in self.schema.names if name in columns.names]):
            arrays = [
                batch.column(field.name).cast(field.type)
                if field.name in batch.schema.names
                else pa.nulls(len(batch), field.type)
                for field in columns
            ]
            yield pa.RecordBatch.from_arrays(arrays, schema=columns)

    def _batches(self, names: list[str]) -> Iterator[pa.RecordBatch]:
        row = 0
        try:
            with self._fs.open(self._file, "rb") as raw, open_parquet(raw) as table:
                for batch in table.iter_batches(self._rows, columns=names, use_threads=False):
                    yield batch
                    row += len(batch)
        except ERRORS as error:
            raise OSError(f"{self.path}, behind row {row:,}: damaged ({error})") from error


def open_table(path: str, id_column: str, text_column: str, fields: JsonFields) -> Table:
    """What reads a file. Its first bytes say how it is compressed, and whether it is Parquet."""
    fs, file = fsspec.core.url_to_fs(path)
    if fs.isdir(file):
        raise ValueError(f"{path} is a folder: name its files")
    if not fs.exists(file):
        raise FileNotFoundError(f"{path} does not exist")
    with fs.open(file, "rb") as raw:
        compression = detect_compression(raw)
        raw.seek(0)
        head = raw.read(HEAD)
    if head.startswith(MAGIC):
        return ParquetTable(path, fs, file, id_column, text_column)
    if JSONL_NAME.fullmatch(path):
        codec = compression.codec.name if compression is not None else None
        return RowTable(path, partial(read_json_rows, path, fs, file, codec), id_column, text_column, fields)
    if CSV_NAME.fullmatch(path):
        return RowTable(path, partial(read_csv_rows, path, fs, file), id_column, text_column, fields)
    binary = describe_binary(head) if compression is None else None
    kind = f"and {binary}; " if binary else ""
    raise ValueError(
        f"{path} begins with {head[:4]!r}, so it is not Parquet; {kind}JSON lines are in "
        "files named .jsonl, .ndjson or .json, CSV in .csv or .tsv, or these with .gz, .zst, .lz4 or .bz2 behind"
    )


def _column(batch: pa.RecordBatch, path: str) -> pa.Array:
    """The column at a path, of nested ones that within."""
    if path in batch.schema.names:
        return batch.column(path)
    name, *inner = path.split(".")
    return pc.struct_field(batch.column(name), inner)

"""Tables: a file of documents, Parquet or JSON lines -> Arrow batches of its ids and texts, or of all its columns.

Unlike the sources of a crawl, which set aside what is broken and go on, a table is read whole or refused: what is wrong
is a ValueError, or an OSError where the file cannot be read, with the file, the position in it and what to do.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import IO, Any, Protocol

import fsspec
import pyarrow as pa

from corpus.archive.codecs import detect_compression
from corpus.sources.contract import MAX_TEXT
from corpus.sources.kinds import JSONL_NAME
from corpus.sources.parquet import ERRORS, MAGIC, open_parquet
from corpus.tabular.columns import UNFIT, JsonFields, arrow_type, build_array, id_array

ROWS, BYTES = 8192, 2 << 20  # of a batch, whichever is reached first
CHUNK = 1 << 20
ARROW_NAMES = {"bzip2": "bz2"}
BYTE_ORDER_MARK = "\ufeff"


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
            if self.schema.names.count(name) != 1:
                raise ValueError(_missing(path, "column", name, self.schema.names, option))
        of = self.schema.field(text_column).type
        if arrow_type(of) != "strings":
            raise ValueError(f"{path}: column {text_column!r} has {of}, no strings; name that of the texts by --text")

    def documents(self) -> Iterator[tuple[pa.Array, pa.Array]]:
        row = 0
        for batch in self._batches([self._id, self._text]):
            for name in (self._id, self._text):
                if batch.column(name).null_count:
                    at = row + batch.column(name).is_null().index(True).as_py() + 1
                    raise ValueError(f"{self.path}, row {at:,}: {name!r} is null; leave such rows out")
            try:
                ids, texts = id_array(batch.column(self._id)), batch.column(self._text).cast(pa.large_string())
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


class JsonTable:
    """One object a line; blank lines are passed over. `fields` are those of all such files of a collection."""

    def __init__(
        self, path: str, fs: Any, file: str, id_column: str, text_column: str, codec: str | None, fields: JsonFields
    ) -> None:
        self.path, self._fs, self._file, self._codec = path, fs, file, codec
        self._id, self._text, self._fields = id_column, text_column, fields
        self._names: dict[str, None] = {}
        self._known = False

    @property
    def schema(self) -> pa.Schema:
        own = (self._id, self._text)
        return pa.schema([(name, pa.null() if name in own else self._fields.type(name)) for name in self._names])

    def documents(self) -> Iterator[tuple[pa.Array, pa.Array]]:
        for lines, rows in self._batches():
            ids, texts = [row.get(self._id) for row in rows], [row.get(self._text) for row in rows]
            try:
                found = id_array(ids), build_array(texts, pa.large_string())
            except UNFIT:
                found = None
            if found is None or found[0].null_count or found[1].null_count:
                raise ValueError(self._blame(lines, rows))
            if not self._known:
                self._names.update(dict.fromkeys(name for row in rows for name in row))
                self._fields.learn(rows, [name for name in self._names if name not in (self._id, self._text)])
            yield found
        self._known = True

    def rows(self, columns: pa.Schema) -> Iterator[pa.RecordBatch]:
        for _, rows in self._batches():
            arrays = [
                self._fields.array(field.name, [row.get(field.name) for row in rows], field.type) for field in columns
            ]
            yield pa.RecordBatch.from_arrays(arrays, schema=columns)

    def _batches(self) -> Iterator[tuple[list[int], list[dict[str, Any]]]]:
        """(numbers of the lines, their objects)."""
        numbers: list[int] = []
        rows: list[dict[str, Any]] = []
        size = 0
        for number, line in enumerate(self._lines(), 1):
            if not line.strip():
                continue
            numbers.append(number)
            rows.append(self._object(number, line))
            size += len(line)
            if size >= BYTES or len(rows) == ROWS:
                yield numbers, rows
                numbers, rows, size = [], [], 0
        if rows:
            yield numbers, rows

    def _object(self, number: int, line: bytes) -> dict[str, Any]:
        try:
            text = line.decode()
            if number == 1:
                text = text.removeprefix(BYTE_ORDER_MARK)
            row = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise ValueError(f"{self.path}, line {number:,}: no JSON ({error}); it begins {line[:40]!r}") from error
        if not isinstance(row, dict):
            raise ValueError(f"{self.path}, line {number:,}: wanted is an object, not {line[:40]!r}")
        return row

    def _lines(self) -> Iterator[bytes]:
        number, rest = 0, b""
        with self._fs.open(self._file, "rb") as raw:
            try:
                for block in _blocks(raw, self._codec):
                    *whole, rest = (rest + block).split(b"\n")
                    yield from whole
                    number += len(whole)
                    if len(rest) > MAX_TEXT:
                        raise ValueError(f"{self.path}, line {number + 1:,}: above {MAX_TEXT:,} bytes; leave it out")
            except OSError as error:
                raise OSError(f"{self.path}, behind line {number:,}: cut off or damaged ({error})") from error
        if rest:
            yield rest

    def _blame(self, lines: Sequence[int], rows: Sequence[Mapping[str, Any]]) -> str:
        """What is wrong with the first line that is not as the others are."""
        kinds: type | None = None
        for number, row in zip(lines, rows, strict=True):
            where = f"{self.path}, line {number:,}"
            for name, option in ((self._id, "--id"), (self._text, "--text")):
                if name not in row:
                    return _missing(where, "field", name, list(row), option)
                if row[name] is None:
                    return f"{where}: {name!r} is null; leave such lines out"
            if not isinstance(row[self._text], str):
                return f"{where}: {self._text!r} is {row[self._text]!r:.60}; name the field of the texts by --text"
            value, kinds = row[self._id], kinds or type(row[self._id])
            if isinstance(value, bool) or not isinstance(value, str | int) or not isinstance(value, kinds):
                return f"{where}: {self._id!r} is {value!r:.60}; ids are all strings or all integers"
        return f"{self.path}, lines {lines[0]:,} to {lines[-1]:,}: ids are integers of 64 bits at most; write strings"


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
        head = raw.read(len(MAGIC))
    if head == MAGIC:
        return ParquetTable(path, fs, file, id_column, text_column)
    if JSONL_NAME.fullmatch(path):
        return JsonTable(
            path, fs, file, id_column, text_column, compression.codec.name if compression is not None else None, fields
        )
    raise ValueError(
        f"{path} begins with {head!r}, so it is not Parquet; JSON lines are in files named "
        ".jsonl, .ndjson or .json, or these with .gz, .zst, .lz4 or .bz2 behind"
    )


def _blocks(raw: IO[bytes], codec: str | None) -> Iterator[bytes]:
    read = raw.read if codec is None else pa.CompressedInputStream(raw, ARROW_NAMES.get(codec, codec)).read
    while block := read(CHUNK):
        yield block


def _missing(where: str, what: str, name: str, there: Sequence[str], option: str) -> str:
    return f"{where}: no {what} {name!r}, but {', '.join(map(str, there))}; name another by {option}"[:400]

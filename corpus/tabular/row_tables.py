"""Row tables: JSON lines, or CSV and TSV with a header -> Arrow batches, as corpus.tabular.tables has them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import IO, Any

import pyarrow as pa

from corpus.archive.codecs import detect_compression
from corpus.archive.decompression import DecompressedStream
from corpus.archive.lookahead import LookaheadReader
from corpus.sources.contract import MAX_TEXT
from corpus.sources.csvlines import CsvLines
from corpus.sources.rows import field_paths, find_field, has_field
from corpus.tabular.columns import UNFIT, JsonFields, build_array, id_array, missing_name

ROWS, BYTES = 8192, 2 << 20  # of a batch, whichever is reached first
CHUNK = 1 << 20
ARROW_NAMES = {"bzip2": "bz2"}
BYTE_ORDER_MARK = "\ufeff"
# (number of the line, its bytes, the fields) of each row, as often as asked.
ReadRows = Callable[[], Iterator[tuple[int, int, dict[str, Any]]]]


class RowTable:
    """`read_rows` reads the file. `fields` are those of all such files of a collection."""

    def __init__(self, path: str, read_rows: ReadRows, id_column: str, text_column: str, fields: JsonFields) -> None:
        self.path, self._read_rows = path, read_rows
        self._id, self._text, self._fields = id_column, text_column, fields
        self._names: dict[str, None] = {}
        self._known = False

    @property
    def schema(self) -> pa.Schema:
        own = (self._id, self._text)
        return pa.schema([(name, pa.null() if name in own else self._fields.type(name)) for name in self._names])

    def documents(self) -> Iterator[tuple[pa.Array, pa.Array]]:
        for lines, rows in self._batches():
            ids, texts = [find_field(row, self._id) for row in rows], [find_field(row, self._text) for row in rows]
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
        for number, length, row in self._read_rows():
            numbers.append(number)
            rows.append(row)
            size += length
            if size >= BYTES or len(rows) == ROWS:
                yield numbers, rows
                numbers, rows, size = [], [], 0
        if rows:
            yield numbers, rows

    def _blame(self, lines: Sequence[int], rows: Sequence[Mapping[str, Any]]) -> str:
        """What is wrong with the first line that is not as the others are."""
        kinds: type | None = None
        for number, row in zip(lines, rows, strict=True):
            where = f"{self.path}, line {number:,}"
            for name, option in ((self._id, "--id"), (self._text, "--text")):
                if not has_field(row, name):
                    return missing_name(where, "field", name, list(field_paths(row)), option)
                if find_field(row, name) is None:
                    return f"{where}: {name!r} is null; leave such lines out"
            text, value = find_field(row, self._text), find_field(row, self._id)
            if not isinstance(text, str):
                return f"{where}: {self._text!r} is {text!r:.60}; name the field of the texts by --text"
            kinds = kinds or type(value)
            if isinstance(value, bool) or not isinstance(value, str | int) or not isinstance(value, kinds):
                return f"{where}: {self._id!r} is {value!r:.60}; ids are all strings or all integers"
        return f"{self.path}, lines {lines[0]:,} to {lines[-1]:,}: ids are integers of 64 bits at most; write strings"


def read_json_rows(path: str, fs: Any, file: str, codec: str | None) -> Iterator[tuple[int, int, dict[str, Any]]]:
    """One object a line; blank lines are passed over."""
    for number, line in enumerate(_lines(path, fs, file, codec), 1):
        if line.strip():
            yield number, len(line), _object(path, number, line)


def read_csv_rows(path: str, fs: Any, file: str) -> Iterator[tuple[int, int, dict[str, Any]]]:
    with fs.open(file, "rb") as raw:
        compression = detect_compression(raw)
        raw.seek(0)
        stream = DecompressedStream(raw, compression) if compression is not None else None
        try:
            lines = CsvLines(LookaheadReader(raw.read if stream is None else stream.read))
        except ValueError as error:
            raise ValueError(f"{path}: {error}") from error
        for row in lines.rows():
            if isinstance(row.fields, str):
                if stream is not None and stream.problem:
                    break
                raise ValueError(f"{path}, line {row.line:,}: {row.fields}; it begins {row.data[:40]!r}")
            yield row.line, len(row.data), dict(zip(lines.header, row.fields, strict=True))
        if stream is not None and stream.problem:
            raise OSError(f"{path}, behind line {lines.line:,}: cut off or damaged ({stream.problem})")


def _object(path: str, number: int, line: bytes) -> dict[str, Any]:
    try:
        text = line.decode()
        if number == 1:
            text = text.removeprefix(BYTE_ORDER_MARK)
        row = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{path}, line {number:,}: no JSON ({error}); it begins {line[:40]!r}") from error
    if not isinstance(row, dict):
        raise ValueError(f"{path}, line {number:,}: wanted is an object, not {line[:40]!r}")
    return row


def _lines(path: str, fs: Any, file: str, codec: str | None) -> Iterator[bytes]:
    number, rest = 0, b""
    with fs.open(file, "rb") as raw:
        try:
            for block in _blocks(raw, codec):
                *whole, rest = (rest + block).split(b"\n")
                yield from whole
                number += len(whole)
                if len(rest) > MAX_TEXT:
                    raise ValueError(f"{path}, line {number + 1:,}: above {MAX_TEXT:,} bytes; leave it out")
        except OSError as error:
            raise OSError(f"{path}, behind line {number:,}: cut off or damaged ({error})") from error
    if rest:
        yield rest


def _blocks(raw: IO[bytes], codec: str | None) -> Iterator[bytes]:
    read = raw.read if codec is None else pa.CompressedInputStream(raw, ARROW_NAMES.get(codec, codec)).read
    while block := read(CHUNK):
        yield block

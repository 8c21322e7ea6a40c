"""JSON lines: one document a line, in the fields of corpus.sources.rows. Source: jsonlines.org."""

from __future__ import annotations

import codecs
import json
from collections.abc import Iterator, Mapping
from typing import IO, Any

from corpus.archive.codecs import detect_compression
from corpus.archive.decompression import DecompressedStream
from corpus.archive.lookahead import READ_CHUNK, LookaheadReader
from corpus.archive.ranges import FileRange
from corpus.sources.contract import MAX_RAW, MAX_TEXT, SourceRecord, oversized_record, unreadable_record
from corpus.sources.rows import CONVENTION, Columns, field_paths, has_field, missing_text, read_row, row_url

HEAD, LOOKED_AT = 1 << 16, 100  # bytes and lines in which a file shows whether its lines have texts
LAID_OUT = (b"{", b"[")  # the first line of JSON that is laid out over many lines


class JsonLines:
    name = "jsonl"

    def __init__(self, columns: Columns = CONVENTION) -> None:
        self.columns = columns

    def splittable(self, file: IO[bytes]) -> bool:
        return detect_compression(file) is None

    def problem(self, file: IO[bytes]) -> str | None:
        """Lines without any text are labels or a log beside a crawl, not thousands of documents without text."""
        compression = detect_compression(file)
        file.seek(0)
        reader = LookaheadReader(DecompressedStream(file, compression).read if compression is not None else file.read)
        rows = json_objects(reader.peek(HEAD))
        if not rows or any(has_field(row, name) for row in rows for name in self.columns.texts):
            return None
        names = sorted({path for row in rows for path in field_paths(row)})
        return f"none of its first {len(rows)} lines has a text: {missing_text('field', self.columns, names)}"

    def read(self, file: IO[bytes], size: int, name: str, chosen: FileRange) -> Iterator[SourceRecord]:
        compression = detect_compression(file)
        source = DecompressedStream(file, compression) if compression is not None else None
        if source is not None:
            if chosen.start > 0 and not chosen.exact:
                return
            reader, stop = LookaheadReader(source.read), None
            reader.skip(chosen.start)
        else:
            # A line belongs to the range that it begins in: one that begins at `start` shows by the line's end before.
            first = chosen.start if chosen.start == 0 or chosen.exact else chosen.start - 1
            file.seek(first)
            reader, stop = LookaheadReader(file.read, first), chosen.stop
            if first < chosen.start:
                pass_line(reader)
        yield from self._lines(reader, stop)
        if source is not None and source.problem:
            detail = f"damaged near compressed byte {source.consumed} of {size}; what is behind it cannot be read"
            yield unreadable_record(reader.position, 0, source.problem, detail)

    def _lines(self, reader: LookaheadReader, stop: int | None) -> Iterator[SourceRecord]:
        while stop is None or reader.position < stop:
            offset, length = reader.position, line_length(reader)
            if length == 0:
                return
            if length is None:
                pass_line(reader)
                yield oversized_record(offset, reader.position - offset)
                continue
            line = reader.take(length)
            if line.removeprefix(codecs.BOM_UTF8).strip():
                yield self._document(line, offset)

    def _document(self, line: bytes, offset: int) -> SourceRecord:
        try:
            row = json.loads(line)
        except (ValueError, RecursionError) as error:
            return unreadable_record(offset, len(line), "bad_json", f"{error}; it begins {line[:40]!r}", line[:MAX_RAW])
        if not isinstance(row, Mapping):
            detail = f"a line holds an object, not {line[:40]!r}"
            return unreadable_record(offset, len(line), "bad_json", detail, line[:MAX_RAW])
        return SourceRecord(
            offset=offset,
            length=len(line),
            content=read_row(row, self.columns),
            url=row_url(row, self.columns),
        )


def json_objects(head: bytes) -> list[dict[str, Any]]:
    """Those of the first lines that are objects by themselves."""
    lines = head.splitlines()[:LOOKED_AT]
    return [row for line in lines if isinstance(row := _json(line), dict)]


def begins_json_lines(head: bytes, is_cut: bool) -> bool:
    """Whether objects stand in lines by themselves, bad lines among them or in front, unlike in JSON that is laid out
    over many lines. `is_cut`: the file goes on behind the head."""
    lines = [line for line in head.removeprefix(codecs.BOM_UTF8).splitlines()[:LOOKED_AT] if line.strip()]
    if not lines:
        return False
    if len(lines) == 1 and is_cut and lines[0].lstrip().startswith(b"{"):
        return True
    objects = sum(isinstance(_json(line), dict) for line in lines)
    return objects > (len(lines) // 2 if lines[0].strip() in LAID_OUT else 0)


def _json(line: bytes) -> Any:
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        return None


def line_length(reader: LookaheadReader) -> int | None:
    """Bytes of the next line with its end, 0 when there is none, None when it is too long to hold."""
    wanted = READ_CHUNK
    while True:
        seen = reader.peek(wanted)
        end = seen.find(b"\n")
        if end >= 0:
            return end + 1
        if len(seen) < wanted:
            return len(seen)
        if wanted > MAX_TEXT:
            return None
        wanted *= 4


def pass_line(reader: LookaheadReader) -> None:
    while seen := reader.peek(READ_CHUNK):
        end = seen.find(b"\n")
        reader.skip(end + 1 if end >= 0 else len(seen))
        if end >= 0:
            return

"""JSON lines: one document a line, in fields named by convention: `text` or `content`, `url` or an `id` that is one.

Source: jsonlines.org; the names are those of C4, FineWeb, Dolma and The Pile.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import IO, Any

from corpus.archive.codecs import detect_compression
from corpus.archive.decompression import DecompressedStream
from corpus.archive.lookahead import READ_CHUNK, LookaheadReader
from corpus.archive.pages import NotAPage, Text, read_text
from corpus.archive.ranges import FileRange
from corpus.sources.contract import MAX_RAW, MAX_TEXT, SourceRecord, oversized_record, unreadable_record

TEXT_FIELDS = ("text", "content")
URL_FIELDS = ("url", "id")
URL = re.compile(r"https?://[^\s\ud800-\udfff]+$")  # JSON can hold half a surrogate pair, UTF-8 cannot
HEAD, LOOKED_AT = 1 << 16, 100  # bytes and lines in which a file shows whether its lines have texts
DATE_FIELDS = ("date", "timestamp", "created")


class JsonLines:
    name = "jsonl"

    def splittable(self, file: IO[bytes]) -> bool:
        return detect_compression(file) is None

    def problem(self, file: IO[bytes]) -> str | None:
        """Lines without any text are labels or a log beside a crawl, not thousands of documents without text."""
        compression = detect_compression(file)
        file.seek(0)
        reader = LookaheadReader(DecompressedStream(file, compression).read if compression is not None else file.read)
        head = reader.peek(HEAD).splitlines()[:LOOKED_AT]
        fields = [set(row) for line in head if isinstance(row := _json(line), dict)]
        if not fields or any(field in row for row in fields for field in TEXT_FIELDS):
            return None
        names = ", ".join(sorted(set.union(*fields)))[:200]
        return f"none of its first {len(fields)} lines has a field {' or '.join(TEXT_FIELDS)}; there are: {names}"

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
                _pass_line(reader)
        yield from _lines(reader, stop)
        if source is not None and source.problem:
            detail = f"damaged near compressed byte {source.consumed} of {size}; what is behind it cannot be read"
            yield unreadable_record(reader.position, 0, source.problem, detail)


def _json(line: bytes) -> Any:
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        return None


def _lines(reader: LookaheadReader, stop: int | None) -> Iterator[SourceRecord]:
    while stop is None or reader.position < stop:
        offset, length = reader.position, _line_length(reader)
        if length == 0:
            return
        if length is None:
            _pass_line(reader)
            yield oversized_record(offset, reader.position - offset)
            continue
        line = reader.take(length)
        if line.strip():
            yield _document(line, offset)


def _line_length(reader: LookaheadReader) -> int | None:
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


def _pass_line(reader: LookaheadReader) -> None:
    while seen := reader.peek(READ_CHUNK):
        end = seen.find(b"\n")
        reader.skip(end + 1 if end >= 0 else len(seen))
        if end >= 0:
            return


def _document(line: bytes, offset: int) -> SourceRecord:
    try:
        row = json.loads(line)
    except (ValueError, RecursionError) as error:
        return unreadable_record(offset, len(line), "bad_json", f"{error}; it begins {line[:40]!r}", line[:MAX_RAW])
    if not isinstance(row, Mapping):
        return unreadable_record(
            offset, len(line), "bad_json", f"a line holds an object, not {line[:40]!r}", line[:MAX_RAW]
        )
    return SourceRecord(offset=offset, length=len(line), content=read_row(row), url=row_url(row))


def read_row(row: Mapping[str, Any]) -> Text | NotAPage:
    """A document from the fields of a line or of a table's row."""
    text = next((row[name] for name in TEXT_FIELDS if isinstance(row.get(name), str)), None)
    if text is None:
        return NotAPage(reason="no_text_field", detail=f"wanted text or content, found {list(row)!a}"[:200])
    title = row.get("title")
    return read_text(text, url=row_url(row), title=title if isinstance(title, str) else "", date=_date(row))


def row_url(row: Mapping[str, Any]) -> str | None:
    values = [value for name in URL_FIELDS if isinstance(value := row.get(name), str)]
    return next((value for value in values if URL.match(value)), None)


def _date(row: Mapping[str, Any]) -> datetime | None:
    """None where there is none, and where it has no time zone: the machine's own would be taken for it."""
    for name in DATE_FIELDS:
        value = row.get(name)
        try:
            date = datetime.fromisoformat(value) if isinstance(value, str) else value
        except ValueError:
            continue
        if isinstance(date, datetime) and date.tzinfo is not None:
            return date
    return None

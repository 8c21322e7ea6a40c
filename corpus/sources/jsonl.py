"""JSON lines: one document a line, in fields named by convention: `text` or `content`, `url` or an `id` that is one.

Source: jsonlines.org; the names are those of C4, FineWeb, Dolma and The Pile.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import IO, Any

from corpus.archive.codecs import packing
from corpus.archive.inflated import Inflated
from corpus.archive.pages import NotAPage, Text, read_text
from corpus.archive.warc import Span
from corpus.archive.window import READ_CHUNK, Window
from corpus.sources.contract import MAX_TEXT, RAW, Found, broken, too_large

TEXT_FIELDS = ("text", "content")
URL_FIELDS = ("url", "id")
URL = re.compile(r"https?://[^\s\ud800-\udfff]+$")  # JSON can hold half a surrogate pair, UTF-8 cannot
HEAD, LOOKED_AT = 1 << 16, 100  # bytes and lines in which a file shows whether its lines have texts
DATE_FIELDS = ("date", "timestamp", "created")


class JsonLines:
    name = "jsonl"

    def splittable(self, file: IO[bytes]) -> bool:
        return packing(file) is None

    def problem(self, file: IO[bytes]) -> str | None:
        """Lines without any text are labels or a log beside a crawl, not thousands of documents without text."""
        how = packing(file)
        file.seek(0)
        window = Window(Inflated(file, how).read if how is not None else file.read)
        head = window.peek(HEAD).splitlines()[:LOOKED_AT]
        fields = [set(row) for line in head if isinstance(row := _json(line), dict)]
        if not fields or any(field in row for row in fields for field in TEXT_FIELDS):
            return None
        names = ", ".join(sorted(set.union(*fields)))[:200]
        return f"none of its first {len(fields)} lines has a field {' or '.join(TEXT_FIELDS)}; there are: {names}"

    def read(self, file: IO[bytes], size: int, name: str, span: Span) -> Iterator[Found]:
        how = packing(file)
        source = Inflated(file, how) if how is not None else None
        if source is not None:
            if span.start > 0 and not span.exact:
                return
            window, stop = Window(source.read), None
            window.skip(span.start)
        else:
            # A line belongs to the range that it begins in: one that begins at `start` shows by the line's end before.
            first = span.start if span.start == 0 or span.exact else span.start - 1
            file.seek(first)
            window, stop = Window(file.read, first), span.stop
            if first < span.start:
                _pass_line(window)
        yield from _lines(window, stop)
        if source is not None and source.problem:
            detail = f"damaged near compressed byte {source.fed} of {size}; what is behind it cannot be read"
            yield broken(window.position, 0, source.problem, detail)


def _json(line: bytes) -> Any:
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        return None


def _lines(window: Window, stop: int | None) -> Iterator[Found]:
    while stop is None or window.position < stop:
        offset, length = window.position, _line_length(window)
        if length == 0:
            return
        if length is None:
            _pass_line(window)
            yield too_large(offset, window.position - offset)
            continue
        line = window.take(length)
        if line.strip():
            yield _document(line, offset)


def _line_length(window: Window) -> int | None:
    """Bytes of the next line with its end, 0 when there is none, None when it is too long to hold."""
    wanted = READ_CHUNK
    while True:
        seen = window.peek(wanted)
        end = seen.find(b"\n")
        if end >= 0:
            return end + 1
        if len(seen) < wanted:
            return len(seen)
        if wanted > MAX_TEXT:
            return None
        wanted *= 4


def _pass_line(window: Window) -> None:
    while seen := window.peek(READ_CHUNK):
        end = seen.find(b"\n")
        window.skip(end + 1 if end >= 0 else len(seen))
        if end >= 0:
            return


def _document(line: bytes, offset: int) -> Found:
    try:
        row = json.loads(line)
    except (ValueError, RecursionError) as error:
        return broken(offset, len(line), "bad_json", f"{error}; it begins {line[:40]!r}", line[:RAW])
    if not isinstance(row, Mapping):
        return broken(offset, len(line), "bad_json", f"a line holds an object, not {line[:40]!r}", line[:RAW])
    return Found(offset=offset, length=len(line), content=from_row(row), url=row_url(row))


def from_row(row: Mapping[str, Any]) -> Text | NotAPage:
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

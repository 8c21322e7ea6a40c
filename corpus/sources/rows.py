"""Rows: the fields of a line or of a table's row -> a document.

Fields are named by convention, as those of C4, FineWeb, Dolma and The Pile are; or by the user, as a path into nested
ones: `meta.url` is the field `url` of the field `meta`, unless a field has that whole name.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from corpus.archive.pages import NotAPage, Text, read_text

TEXT_FIELDS = ("text", "content")
URL_FIELDS = ("url", "id")
DATE_FIELDS = ("date", "timestamp", "created")
TITLE_FIELD = "title"
URL = re.compile(r"https?://[^\s\ud800-\udfff]+$")  # JSON can hold half a surrogate pair, UTF-8 cannot
MAX_DEPTH = 5  # of fields that a message lists
MAX_LISTED = 300  # characters of what a message lists


@dataclass(frozen=True, kw_only=True)
class Columns:
    """Which field holds a document's `text`, and which its URL (`id`); None for those named by convention."""

    text: str | None = None
    id: str | None = None

    @property
    def texts(self) -> tuple[str, ...]:
        return TEXT_FIELDS if self.text is None else (self.text,)

    @property
    def urls(self) -> tuple[str, ...]:
        return URL_FIELDS if self.id is None else (self.id,)

    @property
    def read(self) -> tuple[str, ...]:
        """All fields that a document is made of."""
        return (*self.texts, *self.urls, *DATE_FIELDS, TITLE_FIELD)


CONVENTION = Columns()


@dataclass(frozen=True, kw_only=True)
class Unreadable:
    """Stands for a value that cannot be converted, such as a string that is not UTF-8."""

    error: str


def find_field(row: Mapping[str, Any], path: str) -> Any:
    """The value at a path, None where there is none."""
    if path in row:
        return row[path]
    name, dot, rest = path.partition(".")
    inner = row.get(name) if dot else None
    if isinstance(inner, Mapping):
        return find_field(inner, rest)
    return inner if isinstance(inner, Unreadable) else None


def has_field(row: Mapping[str, Any], path: str) -> bool:
    if path in row:
        return True
    name, dot, rest = path.partition(".")
    inner = row.get(name) if dot else None
    return isinstance(inner, Mapping) and has_field(inner, rest)


def field_paths(row: Mapping[str, Any], prefix: str = "") -> Iterator[str]:
    """The paths of all fields, of nested ones those within."""
    for name, value in row.items():
        if isinstance(value, Mapping) and value and prefix.count(".") < MAX_DEPTH:
            yield from field_paths(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}"


def missing_text(what: str, columns: Columns, there: Iterable[str]) -> str:
    """What to do about a file none of whose rows can have a text. `what`: "column" or "field"."""
    listed = ", ".join(there) or "none"
    listed = listed if len(listed) <= MAX_LISTED else f"{listed[:MAX_LISTED]}..."
    wanted = " or ".join(columns.texts)
    return f"no {what} {wanted}, but {listed}; give --text {what.upper()} to python -m pipelines ingest"


def read_row(row: Mapping[str, Any], columns: Columns = CONVENTION) -> Text | NotAPage:
    """A document from the first text field that is not empty. Not a text that cannot be read: that is broken, unless
    another field has one."""
    text, broken = None, None
    for name in columns.texts:
        value = find_field(row, name)
        if isinstance(value, str):
            if value and not value.isspace():
                text, broken = value, None
                break
            text = value if text is None else text
        elif isinstance(value, Unreadable):
            broken = broken or value
    if broken is not None:
        return NotAPage(reason="bad_value", detail=broken.error[:MAX_LISTED], broken=True)
    if text is None:
        there = ", ".join(f"{name} ({type(value).__name__})" for name, value in row.items()) or "no field"
        detail = f"wanted a text in {' or '.join(columns.texts)}, found {there!a}"
        return NotAPage(reason="no_text_field", detail=detail[:200])
    title = find_field(row, TITLE_FIELD)
    return read_text(text, url=row_url(row, columns), title=title if isinstance(title, str) else "", date=_date(row))


def row_url(row: Mapping[str, Any], columns: Columns = CONVENTION) -> str | None:
    for name in columns.urls:
        value = find_field(row, name)
        if isinstance(value, str) and URL.match(value):
            return value
    return None


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

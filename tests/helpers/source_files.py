"""Source files: reads the bytes of a file of any kind, and says what became of each record in it."""

from __future__ import annotations

import io
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from corpus.archive.pages import NotAPage, Text
from corpus.archive.ranges import FileRange
from corpus.sources.contract import SourceRecord
from corpus.sources.kinds import detect_source
from corpus.sources.rows import Columns


def read(name: str, data: bytes, columns: Columns | None = None) -> list[SourceRecord]:
    file = io.BytesIO(data)
    source, why = detect_source(name, file, columns or Columns())
    assert source is not None, why
    return list(source.read(file, len(data), name, FileRange(start=0, stop=len(data))))


def outcomes(found: list[SourceRecord]) -> list[str]:
    """The text of each record, or the reason why it has none; in capitals where it is set aside as broken."""
    return [
        one.content.text
        if isinstance(one.content, Text)
        else one.content.reason.upper()
        if isinstance(one.content, NotAPage) and one.content.broken
        else str(getattr(one.content, "reason", "page"))
        for one in found
    ]


def table(columns: dict[str, Any]) -> bytes:
    sink = io.BytesIO()
    pq.write_table(pa.table(columns), sink, row_group_size=3)
    return sink.getvalue()

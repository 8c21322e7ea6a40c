"""Contract: what every kind of source takes and yields, so that ingest knows none of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO, Protocol

from corpus.archive.pages import NotAPage, Page, Text
from corpus.archive.parsing import MAX_RAW
from corpus.archive.ranges import FileRange

MAX_TEXT = 64 << 20  # bytes of one document; a longer one is skipped, never held


@dataclass(frozen=True, kw_only=True)
class SourceRecord:
    """One record and its position: bytes of the file, or the rows or pages that a table or dump has. `raw` are the
    first bytes of a broken one."""

    offset: int
    length: int
    content: Page | Text | NotAPage
    url: str | None = None
    raw: bytes = b""


class Source(Protocol):
    """A kind of file. Sources hold nothing: one serves all files of its kind."""

    name: str

    def splittable(self, file: IO[bytes]) -> bool:
        """Whether a reader can begin in the middle of this file."""

    def problem(self, file: IO[bytes]) -> str | None:
        """Why a file of this kind cannot be read at all, or None. Not for damage: that costs the damaged part."""

    def read(self, file: IO[bytes], size: int, name: str, chosen: FileRange) -> Iterator[SourceRecord]:
        """The records that begin in the chosen range of the file, in their order. Ranges that tile the file yield each
        once. Never raises on what is in the file."""


def unreadable_record(offset: int, length: int, reason: str, detail: str, raw: bytes = b"") -> SourceRecord:
    """Where a record could not be read: quarantined."""
    return SourceRecord(
        offset=offset,
        length=length,
        content=NotAPage(reason=reason, detail=detail[:300], broken=True),
        raw=raw[:MAX_RAW],
    )


def oversized_record(offset: int, length: int) -> SourceRecord:
    detail = f"{length} bytes; at most {MAX_TEXT} are read"
    return SourceRecord(offset=offset, length=length, content=NotAPage(reason="too_large", detail=detail))

"""Contract: what every kind of source takes and yields, so that ingest knows none of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO, Protocol

from corpus.archive.pages import NotAPage, Page, Text
from corpus.archive.warc import Span

RAW = 1 << 20  # bytes of what is broken that are kept aside
MAX_TEXT = 64 << 20  # bytes of one document; what is longer is passed over, never held


@dataclass(frozen=True, kw_only=True)
class Found:
    """One record and its place: bytes of the file, or the rows or pages that a table or dump has. `raw` are the first
    bytes of a broken one."""

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

    def read(self, file: IO[bytes], size: int, name: str, span: Span) -> Iterator[Found]:
        """The records that begin in `span` of the file, in their order. Spans that tile the file yield each once.
        Never raises on what is in the file."""


def broken(offset: int, length: int, reason: str, detail: str, raw: bytes = b"") -> Found:
    """A place where a record could not be read: quarantined."""
    return Found(
        offset=offset,
        length=length,
        content=NotAPage(reason=reason, detail=detail[:300], broken=True),
        raw=raw[:RAW],
    )


def too_large(offset: int, length: int) -> Found:
    detail = f"{length} bytes; at most {MAX_TEXT} are read"
    return Found(offset=offset, length=length, content=NotAPage(reason="too_large", detail=detail))

"""Reread: from a document back to the bytes that it was made of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from corpus.archive.pages import NotAPage, Page, Text
from corpus.archive.ranges import FileRange
from corpus.lake.manifest import Manifest
from corpus.lake.store import Lake
from corpus.sources.archives import open_source
from corpus.sources.kinds import detect_source
from corpus.sources.rows import CONVENTION, Columns

CHANGED = "it is not the file that was ingested"
LIST_GONE = "the run's list of the files that it read is gone"


@dataclass(frozen=True, kw_only=True)
class Reread:
    """`found`: what reading a record again in its source brought; `unchanged`: whether it is the record that its
    document was made of, None where it could not be read."""

    found: str
    unchanged: bool | None


def read_again(lake: Lake, documents: Manifest, row: Mapping[str, Any]) -> Reread:
    """Reads a document's record again, and compares its digest. `row`: the document in its first dataset, with its
    ORIGIN and payload_digest."""
    url = _source_url(lake, documents, row)
    if url is None:
        return Reread(found=f"not read again: {LIST_GONE}", unchanged=None)
    try:
        same = payload_digest(url, row, _columns(documents)) == row["payload_digest"]
    except (OSError, ValueError) as error:
        return Reread(found=f"its WARC was not read again: {error}", unchanged=None)
    result = "read again, the same" if same else "HAS CHANGED"
    return Reread(found=f"{url}: {row['payload_digest']} {result}", unchanged=same)


def read_original(lake: Lake, documents: Manifest, origin: Mapping[str, Any]) -> Page | Text | NotAPage:
    """What a record of a dataset of documents was made of, read again by its ORIGIN. Raises OSError where its file
    cannot be found or read, ValueError when no whole record is at that place."""
    url = _source_url(lake, documents, origin)
    if url is None:
        raise FileNotFoundError(LIST_GONE)
    return _read_record(url, origin, _columns(documents))


def _source_url(lake: Lake, documents: Manifest, origin: Mapping[str, Any]) -> str | None:
    url = lake.read_run(documents).get("warc_urls", {}).get(origin["warc_file"])
    return None if url is None else str(url)


def _columns(documents: Manifest) -> Columns:
    return Columns(**documents.config.get("columns", {}))


def payload_digest(url: str, origin: Mapping[str, Any], columns: Columns = CONVENTION) -> str:
    """Reads a document's record again, in the file at `url`, and digests its payload as ingest did, which had these
    `columns`.

    Raises ValueError when what is at that place is no longer that record.
    """
    content = _read_record(url, origin, columns)
    if isinstance(content, NotAPage):
        raise ValueError(f"{url} has no page at {origin['warc_offset']}, but {content.reason}: {CHANGED}")
    return content.payload_digest


def _read_record(url: str, origin: Mapping[str, Any], columns: Columns) -> Page | Text | NotAPage:
    """Raises ValueError when no whole record is at that place."""
    name = origin.get("warc_file")
    start = origin["warc_offset"]
    with open_source(url) as (file, size):
        source, why = detect_source(name or url, file, columns)
        if source is None:
            raise ValueError(f"{url}: {why}; {CHANGED}")
        span = FileRange(start=start, stop=start + 1, exact=True)
        found = next(source.read(file, size, name or url, span), None)
    if found is None or found.offset != start or (isinstance(found.content, NotAPage) and found.content.broken):
        raise ValueError(f"{url} has no record at {start}: {CHANGED}")
    return found.content

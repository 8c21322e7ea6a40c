"""Reread: from a document back to the bytes that it was made of."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from corpus.archive.pages import NotAPage
from corpus.archive.ranges import FileRange
from corpus.sources.archives import open_source
from corpus.sources.kinds import detect_source
from corpus.sources.rows import CONVENTION, Columns


def payload_digest(url: str, origin: Mapping[str, Any], columns: Columns = CONVENTION) -> str:
    """Reads a document's record again, in the file at `url`, and digests its payload as ingest did, which had these
    `columns`.

    Raises ValueError when what is at that place is no longer that record.
    """
    name = origin.get("warc_file")
    start, changed = origin["warc_offset"], "it is not the file that was ingested"
    with open_source(url) as (file, size):
        source, why = detect_source(name or url, file, columns)
        if source is None:
            raise ValueError(f"{url}: {why}; {changed}")
        span = FileRange(start=start, stop=start + 1, exact=True)
        found = next(source.read(file, size, name or url, span), None)
    if found is None or found.offset != start or (isinstance(found.content, NotAPage) and found.content.broken):
        raise ValueError(f"{url} has no record at {start}: {changed}")
    if isinstance(found.content, NotAPage):
        raise ValueError(f"{url} has no page at {start}, but {found.content.reason}: {changed}")
    return found.content.payload_digest

"""HTML: a file is a page, as a mirror of a site or a browser's "save as" leaves it.

Its URL is that of its path in the crawl (file:///my-crawl/a/b.html). What the page says of itself, in <base> or
<link rel="canonical">, is not believed: any page can name any other, and would be taken for it, or take its place.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import IO
from urllib.parse import quote

from corpus.archive.headers import payload_digest
from corpus.archive.pages import MAX_HTML, NotAPage, Page
from corpus.archive.ranges import FileRange
from corpus.sources.contract import SourceRecord
from corpus.sources.whole import read_whole

MARKUP_WITHIN = 1024  # bytes: what has no tag in them is not HTML


class Html:
    name = "html"

    def splittable(self, file: IO[bytes]) -> bool:
        return False

    def problem(self, file: IO[bytes]) -> str | None:
        return None

    def read(self, file: IO[bytes], size: int, name: str, chosen: FileRange) -> Iterator[SourceRecord]:
        if chosen.start > 0:
            return
        url = "file:///" + quote(name.lstrip("/"))
        whole = read_whole(file, size, MAX_HTML)
        if whole.data is None:
            content: Page | NotAPage = NotAPage(reason="too_large", detail=f"over {MAX_HTML} bytes")
        elif not whole.data.strip():
            content = NotAPage(reason="empty_body")
        else:
            content = Page(
                url=url,
                claimed_url=url,
                host=None,
                fetched_at=None,
                payload_digest=payload_digest(whole.data),
                declared_charset=None,
                opt_out=(),
                flags=(),
                html=whole.data,
            )
        yield SourceRecord(
            offset=0, length=len(whole.data) if whole.data is not None else size, content=content, url=url
        )
        if whole.damage is not None:
            yield whole.damage

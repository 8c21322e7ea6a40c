"""Crawl texts: all texts of files that a user names, of pages the main text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from corpus.archive.pages import Page, Text
from corpus.archive.ranges import FileRange
from corpus.extract.config import ExtractConfig
from corpus.extract.page import extract_page
from corpus.sources import open_crawl
from corpus.sources.archives import SourceOpener
from corpus.sources.kinds import make_sources
from corpus.sources.rows import Columns


def read_texts(urls: Sequence[str], columns: Columns) -> Iterator[str]:
    """`urls`: paths or URLs as a crawl's. Raises ValueError or OSError naming what cannot be read."""
    sources, opener = make_sources(columns), SourceOpener()
    for url in urls:
        for file in open_crawl(url, columns).files:
            with opener.open(file.url) as (opened, size):
                for record in sources[file.kind].read(opened, size, file.name, FileRange(start=0, stop=size)):
                    if isinstance(record.content, Text):
                        yield record.content.text
                    elif isinstance(record.content, Page):
                        found = extract_page(record.content.html, record.content.declared_charset, ExtractConfig())
                        if not isinstance(found, str):
                            yield found.text

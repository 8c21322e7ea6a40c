"""Crawled page: a record as the crawl has it, read again: its blocks with what was kept of each, and its layout."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from corpus.archive.pages import NotAPage, Page, Text
from corpus.extract.config import ExtractConfig
from corpus.extract.page import describe_blocks, extract_page
from corpus.lake.manifest import Manifest
from corpus.lake.store import Lake
from corpus.lineage.reread import read_original
from corpus.text.charset import convert_to_utf8
from headwater.viewing.sanitiser import sanitise

MAX_BLOCKS, MAX_CHARACTERS = 3_000, 200_000  # of a page, and of a text, that are shown
OWN_EXTRACTOR = "blocks"
ANY_PAGE = b"<html><head><title>A page</title></head><body><p>With a paragraph.</p></body></html>"
NO_LAYOUT = "There is no page to lay out: {}."


@dataclass(frozen=True, kw_only=True)
class Block:
    """A paragraph, heading, list item or table row of a page. `role`: see corpus.extract.roles. `kept`: whether it was
    taken as a part of the main text."""

    role: str
    kept: bool
    text: str


@dataclass(frozen=True, kw_only=True)
class CrawledPage:
    """`has_layout`: whether it is HTML. `blocks`: the first MAX_BLOCKS; `more`: how many are not shown. `extractor`:
    whose text was taken; of others than OWN_EXTRACTOR the blocks do not say what was kept. `text`: of a record that has
    text and no HTML. `note`: why there is neither."""

    has_layout: bool = False
    blocks: Sequence[Block] = ()
    more: int = 0
    extractor: str = OWN_EXTRACTOR
    text: str | None = None
    note: str | None = None


def load_extractor() -> None:
    """What is loaded when a page is taken apart for the first time: about a second, that the first reader would
    wait."""
    config = ExtractConfig()
    extract_page(ANY_PAGE, None, config)
    describe_blocks(ANY_PAGE, None, config)


def read_crawled(lake: Lake, documents: Manifest, origin: Mapping[str, Any], became_document: bool) -> CrawledPage:
    """`origin`: of a record of that dataset. Blocks are those of a page of which a document was made: some of the
    others have stopped their readers before."""
    try:
        content = read_original(lake, documents, origin)
    except (OSError, ValueError) as error:
        return CrawledPage(note=f"The record cannot be read again: {error}.")
    if isinstance(content, NotAPage):
        return CrawledPage(note=f"The record is no page: {content.reason} {content.detail}".rstrip() + ".")
    if isinstance(content, Text):
        return CrawledPage(text=content.text[:MAX_CHARACTERS])
    if not became_document:
        return CrawledPage(has_layout=True)
    return _with_blocks(content, ExtractConfig(**_extract_settings(documents)))


def _with_blocks(page: Page, config: ExtractConfig) -> CrawledPage:
    extracted = extract_page(page.html, page.declared_charset, config)
    blocks = describe_blocks(page.html, page.declared_charset, config)
    return CrawledPage(
        has_layout=True,
        blocks=[
            Block(role=str(block["role"]), kept=bool(block["kept"]), text=str(block["text"]))
            for block in blocks[:MAX_BLOCKS]
        ],
        more=max(0, len(blocks) - MAX_BLOCKS),
        extractor=extracted if isinstance(extracted, str) else extracted.extractor,
    )


def _extract_settings(documents: Manifest) -> dict[str, Any]:
    settings = dict(documents.config.get("extract", {}))
    return settings | ({"roles": tuple(settings["roles"])} if "roles" in settings else {})


def lay_out(lake: Lake, documents: Manifest, origin: Mapping[str, Any]) -> str:
    """The page's HTML, sanitised. Raises ValueError where there is none, or where it cannot be made in time."""
    try:
        content = read_original(lake, documents, origin)
    except OSError as error:
        raise ValueError(NO_LAYOUT.format(error)) from error
    decoded = convert_to_utf8(content.html, content.declared_charset) if isinstance(content, Page) else None
    if decoded is None:
        raise ValueError(NO_LAYOUT.format("the record holds no HTML that can be decoded"))
    return sanitise(decoded[0].decode(errors="replace"))

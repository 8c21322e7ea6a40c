"""Wikipedia: the articles of a MediaWiki XML dump, streamed, wikitext made into text.

Only articles (namespace 0) that are wikitext and no redirects; of a dump with history, each page's last revision. A
page's position is its number in the dump. Source: MediaWiki's export format 0.11 (mediawiki.org/xml/export-0.11).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import version
from typing import IO
from urllib.parse import quote

from lxml import etree
from mwparserfromhell.parser import ParserError

from corpus.archive.codecs import detect_compression
from corpus.archive.decompression import DecompressedStream
from corpus.archive.pages import NotAPage, Text, read_text
from corpus.archive.ranges import FileRange
from corpus.sources.contract import SourceRecord, unreadable_record
from corpus.sources.wikitext import ENGLISH, extract_prose

MAX_WIKITEXT = 4 << 20  # characters; MediaWiki itself refuses pages above 2 MiB
FILE, CATEGORY = 6, 14  # namespaces whose links are pictures and filing, not prose; their names differ by language
# The parser takes the square of what is opened and never closed: 20,000 times `[http://a ` take 34 s. What closes
# itself (br, li, td) is not counted. A long article has fewer than ten open at a time.
MAX_OPEN = 100
BRACKET = re.compile(r"\[|\]")
TAG = re.compile(
    r"<(?:ref|div|chosen|small|big|center|font|blockquote|gallery|math|code|pre|poem|su[bp]|includeonly|noinclude|[bius])"
    r"\b(?![^<>]*/>)|</",
    re.IGNORECASE,
)
LIBRARIES = {name: version(name) for name in ("lxml", "mwparserfromhell")}


@dataclass(frozen=True, kw_only=True)
class _Site:
    """`base` is what a title is put after to be a URL, None when the dump does not say."""

    base: str | None = None
    unread: frozenset[str] = ENGLISH


class Wikipedia:
    name = "wikipedia"

    def splittable(self, file: IO[bytes]) -> bool:
        return False

    def problem(self, file: IO[bytes]) -> str | None:
        return None

    def read(self, file: IO[bytes], size: int, name: str, chosen: FileRange) -> Iterator[SourceRecord]:
        if chosen.start > 0 and not chosen.exact:
            return
        compression = detect_compression(file)
        source = DecompressedStream(file, compression) if compression is not None else None
        if source is None:
            file.seek(0)
        number, site = 0, _Site()
        # No entity is resolved and nothing fetched, and libxml2's limits on depth and length hold: a dump needs none.
        events = etree.iterparse(
            source or file,
            events=("end",),
            tag=("{*}siteinfo", "{*}revision", "{*}page"),
            resolve_entities=False,
            no_network=True,
        )
        try:
            for _, element in events:
                kind = etree.QName(element).localname
                if kind == "siteinfo":
                    site = _site(element)
                elif kind == "page":
                    if not chosen.exact or number >= chosen.start:
                        yield _found(element, number, site)
                    number += 1
                if kind != "revision":
                    element.clear()
                _forget_before(element)
        except etree.XMLSyntaxError as error:
            reason = source.problem if source is not None and source.problem else "bad_xml"
            yield unreadable_record(number, 0, reason, f"{error}; the pages behind it cannot be read")


def _forget_before(element: etree._Element) -> None:
    """Frees what stands before a page, or the revisions before a revision: memory does not grow with the dump."""
    parent = element.getparent()
    while (before := element.getprevious()) is not None and etree.QName(before).localname in ("page", "revision"):
        parent.remove(before)


def _site(info: etree._Element) -> _Site:
    base = info.findtext("{*}base") or ""
    names = {
        (namespace.text or "").lower()
        for namespace in info.iterfind("{*}namespaces/{*}namespace")
        if namespace.get("key") in (str(FILE), str(CATEGORY))
    }
    folder, slash, _ = base.rpartition("/")
    return _Site(base=folder + slash if base.startswith("http") else None, unread=ENGLISH | names)


def _found(page: etree._Element, number: int, site: _Site) -> SourceRecord:
    title = page.findtext("{*}title") or ""
    url = site.base + quote(title.replace(" ", "_"), safe="/:,;@()!*") if site.base else None
    return SourceRecord(offset=number, length=1, content=_content(page, title, url, site), url=url)


def _content(page: etree._Element, title: str, url: str | None, site: _Site) -> Text | NotAPage:
    namespace = page.findtext("{*}ns")
    if namespace != "0":
        return NotAPage(reason="not_an_article", detail=f"namespace {namespace}"[:200])
    if page.find("{*}redirect") is not None:
        return NotAPage(reason="redirect")
    revision = page.find("{*}revision")
    if revision is None:
        return NotAPage(reason="no_revision")
    model = revision.findtext("{*}model") or "wikitext"
    if model != "wikitext":
        return NotAPage(reason="not_wikitext", detail=model[:200])
    wikitext = revision.findtext("{*}text") or ""
    if len(wikitext) > MAX_WIKITEXT:
        return NotAPage(reason="too_large", detail=f"{len(wikitext)} characters of wikitext")
    if _most_open(BRACKET, wikitext, "]") > MAX_OPEN or _most_open(TAG, wikitext, "</") > MAX_OPEN:
        return NotAPage(reason="parser_error", detail=f"over {MAX_OPEN} brackets or tags inside one another")
    try:
        text = extract_prose(wikitext, site.unread)
    except (ParserError, RecursionError) as error:
        return NotAPage(reason="parser_error", detail=str(error)[:200])
    return read_text(text, url=url, title=title, date=_date(revision.findtext("{*}timestamp")))


def _most_open(marks: re.Pattern[str], wikitext: str, closing: str) -> int:
    depth = most = 0
    for mark in marks.finditer(wikitext):
        depth = max(0, depth - 1) if mark.group() == closing else depth + 1
        most = max(most, depth)
    return most


def _date(stamp: str | None) -> datetime | None:
    try:
        return datetime.fromisoformat(stamp) if stamp else None
    except ValueError:
        return None

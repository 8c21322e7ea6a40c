"""Wikipedia: the articles of a dump as prose, in bounded memory."""

from __future__ import annotations

import bz2
import io
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO, cast
from xml.sax.saxutils import escape

import psutil
import pytest

from corpus.archive.pages import NotAPage, Text
from corpus.archive.ranges import FileRange
from corpus.lineage.reread import payload_digest
from corpus.sources.contract import SourceRecord
from corpus.sources.kinds import SOURCES, detect_source
from corpus.sources.wikipedia import extract_prose

HEAD = """<mediawiki xmlns="http://www.mediawiki.org/xml/export-0.11/" version="0.11" xml:lang="de">
  <siteinfo>
    <sitename>Wikipedia</sitename>
    <base>https://de.wikipedia.org/wiki/Wikipedia:Hauptseite</base>
    <namespaces>
      <namespace key="0" />
      <namespace key="6">Datei</namespace>
      <namespace key="14">Kategorie</namespace>
    </namespaces>
  </siteinfo>
"""
WIKITEXT = """{{Infobox Fluss|LÄNGE=2857}}
Die '''Donau''' ({{laS|Danubius}}) ist mit 2857&nbsp;km der [[Wolga|zweitlängste]] Fluss in [[Europa]].<ref>Buch</ref>
[[Datei:Donau.jpg|mini|Die Donau]]

== Verlauf ==
* Sie fließt durch ''zehn'' Länder.
{| class="wikitable"
| Ulm || Wien
|}
[[Kategorie:Fluss in Europa]]"""


def page(title: str, text: str = WIKITEXT, ns: int = 0, extra: str = "", model: str = "wikitext") -> str:
    return (
        f"<page><title>{title}</title><ns>{ns}</ns><id>1</id>{extra}<revision><id>2</id>"
        f"<timestamp>2024-05-06T07:08:09Z</timestamp><model>{model}</model>"
        f'<text bytes="1">{escape(text)}</text></revision></page>\n'
    )


def dump(*pages: str) -> bytes:
    return (HEAD + "".join(pages) + "</mediawiki>\n").encode()


def found(data: bytes, name: str = "dewiki.xml") -> list[SourceRecord]:
    file = io.BytesIO(data)
    source, why = detect_source(name, file)
    assert source is not None and source.name == "wikipedia", why
    return list(source.read(file, len(data), name, FileRange(start=0, stop=len(data))))


def reasons(items: list[SourceRecord]) -> list[str]:
    return [item.content.reason if isinstance(item.content, NotAPage) else "text" for item in items]


@pytest.mark.parametrize("pack", [bytes, bz2.compress], ids=["xml", "bz2"])
def test_an_article_is_its_prose(pack: type[bytes], tmp_path: Path) -> None:
    data = pack(dump(page("Donau"), page("Inn (Fluss)")))
    first, second = found(data)
    assert isinstance(first.content, Text)
    assert first.content.text == (
        "Die Donau (Danubius) ist mit 2857\u00a0km der zweitlängste Fluss in Europa.\n\nVerlauf\n"
        "Sie fließt durch zehn Länder."
    )
    assert (first.content.title, first.url) == ("Donau", "https://de.wikipedia.org/wiki/Donau")
    assert str(first.content.fetched_at) == "2024-05-06 07:08:09+00:00"
    assert (second.offset, second.length, second.url) == (1, 1, "https://de.wikipedia.org/wiki/Inn_(Fluss)")
    (tmp_path / "dump").write_bytes(data)
    assert isinstance(second.content, Text)
    assert payload_digest(str(tmp_path / "dump"), {"warc_offset": 1}) == second.content.payload_digest


def test_what_is_no_article_says_why() -> None:
    pages = [
        page("Diskussion:Donau", ns=1),
        page("Ister", extra='<redirect title="Donau" />'),
        page("Modul", model="Scribunto"),
        page("Leer", text="{{Leer}}"),
        "<page><title>Nichts</title><ns>0</ns></page>",
        page("Donau"),
    ]
    assert reasons(found(dump(*pages))) == [
        *("not_an_article", "redirect", "not_wikitext", "no_text", "no_revision", "text")
    ]


def test_of_a_page_with_history_the_last_revision_counts() -> None:
    old = "<revision><text>Alt.</text></revision>"
    [item] = found(dump(page("Donau", text="Neu.", extra=old * 3)))
    assert isinstance(item.content, Text) and item.content.text == "Neu."


def test_a_cut_dump_keeps_its_whole_pages() -> None:
    data = dump(page("Donau"), page("Inn"))
    assert reasons(found(data[:-60])) == ["text", "bad_xml"]
    streams = bz2.compress((HEAD + page("Donau")).encode()) + bz2.compress(page("Inn").encode() * 2)
    assert reasons(found(streams[:-20])) == ["text", "truncated"]


def test_entities_of_a_dump_are_not_expanded() -> None:
    bomb = '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'
    data = (HEAD + page("Donau", text="x").replace(">x<", ">&b;<")).encode()
    source = SOURCES["wikipedia"]
    items = list(source.read(io.BytesIO(bomb.encode() + data), len(data), "x.xml", FileRange(start=0, stop=1)))
    assert "text" not in reasons(items)


def test_memory_does_not_grow_with_the_dump() -> None:
    class Endless:
        """A dump of so many pages, made while it is read."""

        def __init__(self, pages: int) -> None:
            self.pages = pages

        def seek(self, place: int) -> None:
            self._parts: Iterator[bytes] = iter(
                [HEAD.encode(), *[page("Donau", "Wasser. " * 2_000).encode()] * self.pages]
            )

        def read(self, size: int) -> bytes:
            return next(self._parts, b"")

    process = psutil.Process()
    list(SOURCES["wikipedia"].read(cast(IO[bytes], Endless(20)), 1, "x", FileRange(start=0, stop=1)))
    before = process.memory_info().rss
    file = cast(IO[bytes], Endless(2_000))  # 32 MB; as a tree it would be twice that
    assert sum(1 for _ in SOURCES["wikipedia"].read(file, 1, "x", FileRange(start=0, stop=1))) >= 2_000
    assert process.memory_info().rss - before < 12 << 20


def test_pictures_named_in_english_are_no_prose_either() -> None:
    assert extract_prose("[[File:A.jpg|thumb|A river]]Water__NOTOC__ [[:Category:B|falls]].").strip() == "Water falls."


@pytest.mark.parametrize("unit", ["[http://a ", "<ref>", "<div>", "[[a|", "{{", "{|", "{{{", "<li>", "<td>", "]<ref"])
def test_what_is_never_closed_takes_no_square_of_its_length(unit: str) -> None:
    started = time.perf_counter()
    found(dump(page("Donau", text=unit * 20_000)))
    assert time.perf_counter() - started < 10

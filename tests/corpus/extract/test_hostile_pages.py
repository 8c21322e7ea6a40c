"""Extract: pages made to hang or break a parser cost a bounded time, and no text where there is one."""

from __future__ import annotations

import threading
import time

import pytest

from corpus.extract.config import ExtractConfig
from corpus.extract.page import Extracted, extract_page

DEFAULT = ExtractConfig()
PARAGRAPH = "Rain that falls on the hills gathers in brooks, and the brooks run together into one river."


@pytest.mark.parametrize("tag", ["div", "b", "table", "ul><li"])
def test_deep_nesting_does_not_crash(tag: str) -> None:
    """In a thread as well, whose stack is smaller than the main one's."""
    html = (f"<{tag}>" * 5_000 + f"<p>{PARAGRAPH}</p>").encode()
    found: list[Extracted | str] = [extract_page(html, None, DEFAULT)]
    thread = threading.Thread(target=lambda: found.append(extract_page(html, None, DEFAULT)))
    thread.start()
    thread.join()
    assert len(found) == 2 and found[0] == found[1]
    assert isinstance(found[0], Extracted) and PARAGRAPH in found[0].text


@pytest.mark.parametrize("tag", ["div", "font", "blockquote", "b", "i", "span", "section", "x-card"])
def test_nesting_without_end_costs_neither_the_text_nor_the_time(tag: str) -> None:
    """Looking for the main content in 100,000 nested elements would take hours."""
    page = f"<body>{f'<{tag}>' * 100_000}deep down{f'</{tag}>' * 100_000}</body>".encode()
    found = extract_page(page, None, ExtractConfig())
    assert isinstance(found, Extracted) and found.text.strip() == "deep down"


HOSTILE = {
    "divs": "<div>" * 20_000 + "deep",
    "links": '<a href="x">some link text</a> ' * 160_000,
    "table": "<table>" + "<tr><td>cell one<td>cell two" * 200_000,
    "unclosed tags": '<div class="nav" ' * 300_000,
    "unclosed comments": "<!--" * 1_000_000,
    "navigation": "<nav>" * 200_000 + "x" * 1_000_000 + "</nav><p>",
    "wrong ends": "<div></section>" * 200_000 + "<span></div>" * 100_000,
    "regions": '<div class="content">a</div>' * 150_000,
    "attributes": "<div " + "class=" * 500_000 + ">",
    "a long line": "<p>" + "word " * 1_500_000,
    "less-than signs": "<" * 2_000_000,
    "ampersands": "&" * 2_000_000,
    "spaces": "<p>" + " " * 5_000_000 + "x",
    "one huge name": '<div class="' + "x" * 4_000_000 + 'body">y</div>',
    "names": '<div class="' + "nav-post " * 500_000 + '">y</div>',
    "distinct names": "".join(f'<div class="x{n:x}">' for n in range(100_000)),
    "emptied regions": '<div class="nav">a</div>' * 150_000,
    "open navigation": '<div class="nav">a' * 100_000,
    "preformatted": "<pre>" * 100_000 + "x",
    "headings of the title": f"<title>{'a' * 1_000}</title>" + f"<h1>{'a' * 150}b</h1>" * 30_000,
    "short lines": "x<br>" * 500_000,
    "formulas": "<math>" * 500_000,
    "annotated formulas": "<math><annotation tex>" * 100_000 + "</math>" * 100_000,
    "titles": "<title>" * 500_000,
    "readings": "<ruby>a<rt>b" * 200_000,
    "templates": "<template>" * 300_000 + "<noscript>" * 300_000,
    "exponents": "a<sup>1" * 400_000,
    "styles": '<div style="display:none' + " " * 1_000 + '">a' * 2_000,
    "hidden parts": "<p hidden>a" * 300_000,
    "quotes": "<a title=\"b'" * 300_000,
    "unknown ends": "<x-a>" * 1_000 + "a</x-b>" * 300_000,
    "metas": "<meta " * 500_000 + "<time " * 300_000,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_page_takes_a_bounded_time(name: str) -> None:
    """Each within 3 s of CPU time where it was tried; 20 s is far from what the square of its length would take."""
    start = time.process_time()
    extract_page(HOSTILE[name].encode(), None, DEFAULT)
    assert time.process_time() - start < 20

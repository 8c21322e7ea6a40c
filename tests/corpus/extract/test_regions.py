"""Regions: what is cut out of a page, and what the marks say that its text stands in."""

from __future__ import annotations

import re

import pytest

from corpus.extract.regions import KINDS, MAIN, SENTINEL, Regions, mark_regions

MARK = re.compile(f"{SENTINEL}([0-9]{{1,5}});")


def kinds_of_text(html: str) -> dict[str, str]:
    """Each run of text that is not blank, and the kind of the region whose mark stands before it."""
    marked, regions = mark_regions(html.encode())
    pieces = MARK.split(re.sub("<[^<>]*>", "", marked))
    numbers = [0, *map(int, pieces[1::2])]
    return {
        text.strip(): KINDS[regions.kind[number]]
        for number, text in zip(numbers, pieces[::2], strict=True)
        if text.strip()
    }


def marked(html: str) -> str:
    return MARK.sub("", mark_regions(html.encode())[0])


@pytest.mark.parametrize(
    ("tag", "kind"),
    [
        ("<nav>", "nav"),
        ("<main class=sidebar>", "aside"),
        ("<footer class=post>", "footer"),
        ('<div class="post comment">', "comment"),
        ('<div class="post">', "content"),
        ("<div id='siteFooter'>", "footer"),
        ("<div data-x role = navigation>", "nav"),
        ("<div class=a id=postbody>", "content"),
        ("<div class=leftsidebar>", "aside"),
        ("<div class=menus>", "nav"),
        ("<div class=xmenu>", "nav"),
        ("<div class=menux>", ""),
        ("<div class=NAV>", ""),
        ("<div title=comment>", ""),
        ("<div Class=comment>", ""),
        ("<div CLASS=comment>", "comment"),
        ("<DIV CLASS=comment>", ""),
        ("<HTML><DIV CLASS=comment>", "comment"),
        ("<divx class=comment>", ""),
        ("<div class=comment", ""),
    ],
)
def test_an_element_is_what_its_tag_and_its_names_say(tag: str, kind: str) -> None:
    found = kinds_of_text(f"{tag}<p>水 of the river")
    assert next(value for text, value in found.items() if "river" in text) == kind


def test_a_region_ends_where_its_element_does() -> None:
    html = "<div class=post>one<section>two</section><aside>three</aside> <p>four</div>five"
    assert kinds_of_text(html) == {"one": "content", "two": "content", "three": "aside", "four": "content", "five": ""}
    regions = mark_regions(html.encode())[1]
    assert isinstance(regions, Regions)
    assert regions.around.tolist() == [0, 0, 1, 1] and regions.last.tolist() == [3, 3, 2, 3]


def test_main_is_told_apart_from_content() -> None:
    regions = mark_regions(b"<main>a<div>b</div></main><div class=content>c</div>")[1]
    assert [bool(kinds >> MAIN & 1) for kinds in regions.kinds.tolist()] == [False, True, True, False]


@pytest.mark.parametrize(
    ("html", "rest"),
    [
        ("a<!-- b > c -->d", "ad"),
        ("a<!-- b", "a<!-- b"),
        ("a<script x>if (1 < 2) '<p>'</script >b", "ab"),
        ("a<script>b", "a<script>b"),
        ("a<styles>b</styles>", "a<styles>b</styles>"),
        ("a<nav>b</nav>c", "ac"),
        ("<nav>a<p>b</nav>c", "<nav>a<p>b</nav>c"),
        ("<nav>a<svg>b</svg><p>c</nav>d", "<nav>a<p>c</nav>d"),
        ("<div <!-- a -->class=b>c", "<div>c"),
        ('<div style="x">a<div data-b>c', '<div style="x">a<div>c'),
        ("<div class=menu>a</div><div>some text", "<div></div><div>some text"),
        ("<div class=menu>a<p>b</div><div>some text", "<div>a<p>b</div><div>some text"),
        ("", ""),
    ],
)
def test_what_is_no_text_of_the_page_is_cut(html: str, rest: str) -> None:
    assert marked(html) == rest

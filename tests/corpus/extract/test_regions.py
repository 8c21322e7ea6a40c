"""Regions: what the containers say that a page's text stands in."""

from __future__ import annotations

import pytest

from corpus.extract.blocks import read_blocks
from corpus.extract.kernels.writer import BLOCK
from corpus.extract.regions import KINDS, MAIN


def kinds_of_text(html: str) -> dict[str, str]:
    """Each block, and the kind of the region that it is in."""
    reading = read_blocks(html.encode())
    numbers = reading.blocks.rows[:, BLOCK.region].tolist()
    return {
        text: KINDS[reading.regions.kind[number]] for text, number in zip(reading.blocks.texts(), numbers, strict=True)
    }


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
        ("<div Class=comment>", "comment"),
        ("<DIV CLASS=comment>", "comment"),
        ("<divx class=comment>", ""),
        ("<div title='>' class=comment>", "comment"),
    ],
)
def test_an_element_is_what_its_tag_and_its_names_say(tag: str, kind: str) -> None:
    assert kinds_of_text(f"{tag}<p>水 of the river") == {"水 of the river": kind}


def test_a_region_ends_where_its_element_does() -> None:
    html = "<div class=post>one<section>two</section><aside>three</aside> <p>four</div>five"
    assert kinds_of_text(html) == {"one": "content", "two": "content", "three": "aside", "four": "content", "five": ""}
    regions = read_blocks(html.encode()).regions
    assert regions.around.tolist() == [0, 0, 1, 1] and regions.last.tolist() == [3, 3, 2, 3]


def test_main_is_told_apart_from_content() -> None:
    regions = read_blocks(b"<main>a<div>b</div></main><div class=content>c</div>").regions
    assert [bool(kinds >> MAIN & 1) for kinds in regions.kinds.tolist()] == [False, True, True, False]

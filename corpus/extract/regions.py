"""Regions: the parts of a page that its elements name (navigation, comments, article), as marks in its text.

Plain text knows nothing of the elements that it stood in, and asking a DOM from Python for each of them costs more than
parsing. So the page's source is read once, before parsing: scripts and styles are cut out (half of the bytes of most
pages), and where a region begins or ends a mark is put after the tag, which comes out of the parser between the
blocks. Tags are matched as written; a page that does not close them gets odd regions, not an error.
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from corpus.extract.kernels.tags import Tables

# A control character that HTML forbids, the region's number, and a semicolon: a page of ASCII stays one of ASCII.
SENTINEL = "\x01"

# What an element's class, id, role or itemprop says of it, by the words that they are made of. The first kinds, up to
# "meta", are what a reader passes over; of an element with several names the first such one counts.
KIND_WORDS = {
    "comment": "comment comments commentlist kommentar kommentare comentarios commentaires disqus respond discussion "
    "replies",
    "nav": "nav navbar navigation navi menu menus submenu megamenu breadcrumb breadcrumbs crumb crumbs toc pagination "
    "pager paging skip sitemap dropdown topbar toolbar sidenav subnav offcanvas drawer",
    "footer": "footer contentinfo copyright colophon legal disclaimer imprint impressum",
    "aside": "sidebar sidebars aside widget widgets rail secondary complementary",
    "related": "related recommend recommended recommendations popular trending similar readmore upsell crosssell "
    "recent teaser teasers outbrain taboola latest carousel swiper slick slider suggestions archive archives",
    "promo": "promo promotion newsletter subscribe subscription signup cookie cookies consent gdpr banner advert "
    "advertisement sponsor sponsored ad ads adsense login donate donation paywall cta contact form search filter "
    "filters sort cart toast notice alert rating",
    "share": "share sharing sharedaddy social follow",
    "hidden": "modal popup overlay dialog lightbox tooltip",
    "meta": "byline author avatar bio user username poster profile member signature sig meta tag tags tagged category "
    "categories timestamp date published info",
    "caption": "credit credits caption captions figcaption gallery",
    "header": "header masthead logo hero head",
    "content": "article post posts entry content story main body text prose product description detail details message "
    "topic thread answer answers question questions cooked markdown commtext",
}
KIND_TAGS = {
    "nav": "nav menu",
    "footer": "footer",
    "aside": "aside",
    "promo": "form",
    "hidden": "dialog",
    "caption": "figcaption",
    "header": "header",
    "content": "main article",
}
KINDS = ("", *KIND_WORDS)
SOFT, CONTENT, MAIN = KINDS.index("meta"), KINDS.index("content"), len(KINDS)
EMPTIED = ("nav", "footer", "share")
CONTAINERS = (
    *("nav", "footer", "div", "section", "header", "aside", "main", "article", "form", "figcaption", "dialog", "menu"),
)
CUT = ("nav", "footer", "script", "style", "svg", "noscript", "template", "select", "iframe", "textarea")
ATTRIBUTES = ("class", "id", "role", "itemprop")  # of which the first two are read in capitals as well
KEPT = ("hidden", "style")  # what the parser knows by them that an element is not seen
LONG_ENDINGS = ("body", "menu")
UPPER = re.compile(b"</?[A-Z]+")
OLD_STYLE = re.compile(b"<(?:HTML|HEAD|BODY|META|TITLE)")  # whoever writes one tag so writes all
OLD_STYLE_WITHIN = 4096


class Regions(NamedTuple):
    """The page's containers in the order in which they open, a column a measure; the first is the page itself. So what
    stands inside one of them is in those from its number up to its `last`."""

    kind: NDArray[np.int64]  # index into KINDS: what the innermost element that is named says
    kinds: NDArray[np.int64]  # a bit for each kind that this or an element around is of
    around: NDArray[np.int64]  # the number of the container around
    last: NDArray[np.int64]


def mark_regions(html: bytes) -> tuple[str, Regions]:
    """Of a page in UTF-8: the page without its scripts, with a mark wherever text of another container begins; and the
    containers."""
    from corpus.extract.kernels.tags import mark_tags  # numba takes half a second, which only extraction has a use for

    if OLD_STYLE.search(html, 0, OLD_STYLE_WITHIN):
        html = UPPER.sub(lambda tag: tag.group().lower(), html)
    marked, kind, kinds, around, last = mark_tags(np.frombuffer(html, np.uint8), _tables())
    return str(marked.data, "utf-8"), Regions(kind=kind, kinds=kinds, around=around, last=last)


@cache
def _tables() -> Tables:
    from corpus.extract.kernels.cuts import NAVIGATION
    from corpus.extract.kernels.markup import build_trie
    from corpus.extract.kernels.names import LONG
    from corpus.extract.kernels.tags import Tables
    from corpus.text.codepoints import code_point_table

    kind_of_word = {word: KINDS.index(kind) for kind, words in KIND_WORDS.items() for word in words.split()}
    kind_of_tag = {tag: KINDS.index(kind) for kind, tags in KIND_TAGS.items() for tag in tags.split()}
    return Tables(
        cuts=build_trie({name: number for number, name in enumerate(CUT, NAVIGATION)}),
        containers=build_trie({name: number for number, name in enumerate(CONTAINERS, 1)}),
        attributes=build_trie({name: number for number, name in enumerate(ATTRIBUTES, 1)}),
        words=build_trie(kind_of_word),
        endings=build_trie(
            {word[::-1]: kind for word, kind in kind_of_word.items() if len(word) >= LONG or word in LONG_ENDINGS}
        ),
        kept=build_trie(dict.fromkeys(KEPT, 1)),
        kinds=np.array([0, *(kind_of_tag.get(name, 0) for name in CONTAINERS)]),
        masks=np.array([0, *((name in ("main", "article")) << MAIN for name in CONTAINERS)]),
        emptied=np.array([kind in EMPTIED for kind in KINDS]),
        soft=SOFT,
        content=CONTENT,
        sentinel=ord(SENTINEL),
        points=code_point_table(),
    )

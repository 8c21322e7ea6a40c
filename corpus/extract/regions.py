"""Regions: the parts of a page that its elements name (navigation, comments, article), as marks in its text.

Plain text knows nothing of the elements that it stood in, and asking a DOM from Python for each of them costs more than
parsing. So the page's source is read once, before parsing: scripts and styles are cut out (half of the bytes of most
pages), and where a region begins or ends a mark is put behind the tag, which comes out of the parser between the
blocks. Tags are matched as written; a page that does not close them gets odd regions, not an error.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

# A control character that HTML forbids, the region's number, and a semicolon: a page of ASCII stays one of ASCII.
SENTINEL = "\x01"
MARK = re.compile(f"{SENTINEL}([0-9]{{1,5}});")
MAX_REGIONS = 60_000
MAX_DEPTH = 1_000  # elements inside one another; browsers stop at 512, parsers take the square of it
MAX_LOOK_BACK = 8  # open elements looked through for the one that a tag closes

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
EMPTIED = frozenset(KINDS.index(kind) for kind in ("nav", "footer", "share"))
KIND_OF_WORD = {word: KINDS.index(kind) for kind, words in KIND_WORDS.items() for word in words.split()}
LONG_WORDS = "|".join(sorted((word for word in KIND_OF_WORD if len(word) > 4), key=len, reverse=True))
STEM = re.compile(f"({LONG_WORDS})|.*?({LONG_WORDS}|body|menu)$")
KIND_OF_TAG = {tag: KINDS.index(kind) for kind, tags in KIND_TAGS.items() for tag in tags.split()}
NAMED = re.compile(r"""\b(?:class|id|role|itemprop|CLASS|ID)\s*=\s*("[^"]*"|'[^']*'|[^\s>]+)""")
WORD = re.compile("[A-Z]?[a-z]+")
# One string in four of what this splits a page into is a tag, the next its name, the next its attributes.
CONTAINERS = "div|section|nav|footer|header|aside|main|article|form|figcaption|dialog|menu"
TAG = re.compile(rf"(<(/?(?:{CONTAINERS}))\b([^<>]*)>)")
CUT = re.compile(r"<(!--|(?:script|style|svg|noscript|template|select|iframe|textarea|nav|footer)\b)")
PARAGRAPH = re.compile("<p[ >]")
UPPER = re.compile("</?[A-Z]+")
OLD_STYLE = re.compile("<(?:HTML|HEAD|BODY|META|TITLE)")  # whoever writes one tag so writes all
OLD_STYLE_WITHIN = 4096


class Regions(NamedTuple):
    """The page's containers in the order in which they open, a list a measure; the first is the page itself. So what
    stands inside one of them is in those from its number up to its `last`."""

    kind: list[int]  # index into KINDS: what the innermost element that is named says
    kinds: list[int]  # a bit for each kind that this or an element around is of
    around: list[int]  # the number of the container around
    last: list[int]


@lru_cache(1 << 14)
def kind_of(attributes: str) -> int:
    """The kind that the words of an element's class, id, role and itemprop name: the first decided one, else the first
    other."""
    soft = 0
    alone = attributes.startswith(' class="') and attributes.count('"') == 2  # and needs no search
    for names in (attributes[8:],) if alone else NAMED.findall(attributes):
        for word in WORD.findall(names):
            kind = _kind_of_word(word)
            if 0 < kind < SOFT:
                return kind
            soft = soft or kind
    return soft


@lru_cache(1 << 15)
def _kind_of_word(word: str) -> int:
    """Of an unknown word ("postbody", "sidebarright"), the kind of the long word that it begins or ends with."""
    word = word.lower()
    kind = KIND_OF_WORD.get(word)
    if kind is None and (stem := STEM.match(word)) is not None:
        kind = KIND_OF_WORD[stem.group(1) or stem.group(2)]
    return kind or 0


def mark_regions(html: str) -> tuple[str, Regions]:
    """The page without its scripts, with a mark wherever text of another container begins; and the containers."""
    if OLD_STYLE.search(html, 0, OLD_STYLE_WITHIN):
        html = UPPER.sub(lambda tag: tag.group().lower(), html)
    parts = TAG.split(_cut(html))
    regions = Regions([0], [0], [0], [0])
    kind, kinds, arounds, lasts = regions
    out = [parts[0]]
    tags: list[str] = []
    numbers = [0]  # of the open elements' regions
    opened = dict.fromkeys(CONTAINERS.split("|"), 0)
    here = marked = 0
    limit = sum(map(len, parts[4::4])) // 2
    emptied, start = 0, 0  # the outermost region that may be emptied, and where its text starts
    for tag, name, named, text in zip(parts[1::4], parts[2::4], parts[3::4], parts[4::4], strict=True):
        if name[0] == "/":
            name = name[1:]
            if opened[name]:
                for _ in range(_depth(name, tags)):
                    opened[tags.pop()] -= 1
                    lasts[numbers.pop()] = len(kind) - 1
                here = numbers[-1]
                if emptied > here:
                    if _is_empty(out, start, limit):
                        del out[start:]
                        marked = -1
                    emptied = 0
                out.append(tag)
        elif len(tags) < MAX_DEPTH:
            tags.append(name)
            opened[name] += 1
            # The parser has no use for the other attributes.
            out.append(tag if not named or "hidden" in named or "style" in named else f"<{name}>")
            if len(kind) < MAX_REGIONS:
                around, here = here, len(kind)
                own = KIND_OF_TAG.get(name, 0)
                if named and own in (0, CONTENT):
                    own = kind_of(named) or own
                bit = 1 << own if own else 0
                if name in ("main", "article"):
                    bit |= 1 << MAIN
                kind.append(own or kind[around])
                kinds.append(kinds[around] | bit)
                arounds.append(around)
                lasts.append(here)
                if own in EMPTIED and not emptied:
                    emptied, start = here, len(out)
            numbers.append(here)
        if text:
            if here != marked and not text.isspace():
                out.append(f"{SENTINEL}{here};")
                marked = here
            out.append(text)
    for number in numbers:
        lasts[number] = len(kind) - 1
    return "".join(out), regions


def _is_empty(out: list[str], start: int, limit: int) -> bool:
    """Whether what stands inside a region is no paragraph and less than `limit` characters."""
    inside = "".join(out[start:])
    return len(inside) < limit and PARAGRAPH.search(inside) is None


def _depth(name: str, tags: list[str]) -> int:
    """How many of the open elements end where this one does: none, where no such is near."""
    if tags[-1] == name:
        return 1
    for depth in range(2, min(MAX_LOOK_BACK, len(tags)) + 1):
        if tags[-depth] == name:
            return depth
    return 0


def _cut(html: str) -> str:
    """Without comments, elements whose content is no text of the page, and navigation that has no paragraph in it."""
    out: list[str] = []
    unclosed: set[str] = set()
    ends = dict.fromkeys(("nav", "footer"), 0)
    paragraph = copied = at = 0
    while (found := CUT.search(html, at)) is not None:
        name, at = found.group(1), found.end()
        # Each is looked for once, or a page of "<!--" or of "<nav>" would take the square of its length.
        if name in unclosed:
            continue
        end = ends.get(name, 0)
        if end <= at:
            end = html.find("-->" if name == "!--" else f"</{name}", at)
            end = html.find(">", end + 2) + 1 if end >= 0 else 0
        if not end:
            unclosed.add(name)
            continue
        if name in ends:
            ends[name] = end
            if paragraph < at:
                inside = PARAGRAPH.search(html, at)
                paragraph = inside.start() if inside else len(html)
        if name not in ends or paragraph >= end:
            out.append(html[copied : found.start()])
            copied = at = end
    out.append(html[copied:])
    return "".join(out)

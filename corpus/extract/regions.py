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

# A code point that is no character and free for such use (Unicode Standard 23.7), the region's number, and a semicolon.
SENTINEL = "\ufdd0"
MARK = re.compile(f"{SENTINEL}([0-9]{{1,5}});")
MAX_REGIONS = 60_000
MAX_DEPTH = 1_000  # elements inside one another; browsers stop at 512, parsers take the square of it
MAX_LOOK_BACK = 8  # open elements looked through for the one that a tag closes

# What an element's class, id or role says of it, by the words that they are made of. The first kinds are decided: what
# stands inside them is of that kind. Those from "meta" on may hold regions of another kind.
KIND_WORDS = {
    "comment": "comment comments commentlist kommentar kommentare comentarios commentaires disqus respond discussion "
    "replies",
    "nav": "nav navbar navigation navi menu menus submenu megamenu breadcrumb breadcrumbs crumb crumbs toc pagination "
    "pager paging skip sitemap dropdown topbar toolbar sidenav subnav offcanvas drawer",
    "footer": "footer foot bottom copyright colophon legal disclaimer imprint impressum",
    "aside": "sidebar sidebars aside widget widgets rail secondary left right tertiary",
    "related": "related recommend recommended recommendations popular trending similar more readmore upsell crosssell "
    "recent teaser teasers outbrain taboola latest carousel swiper slick slider suggestions archive archives",
    "promo": "promo promotion newsletter subscribe subscription signup cookie cookies consent gdpr banner advert "
    "advertisement sponsor sponsored ad ads adsense login donate donation paywall cta contact form search filter "
    "filters sort cart toast notice alert rating",
    "share": "share sharing sharedaddy social follow print",
    "hidden": "hidden modal popup overlay dialog lightbox tooltip",
    "meta": "byline author avatar bio meta tag tags tagged category categories timestamp date published info",
    "caption": "credit credits caption captions figcaption gallery",
    "header": "header masthead logo hero head",
    "content": "article post posts entry content story main body text prose product description detail details message "
    "topic thread",
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
SOFT, CONTENT = KINDS.index("meta"), KINDS.index("content")
EMPTIED = frozenset(KINDS.index(kind) for kind in ("nav", "footer", "aside", "related", "promo", "share", "hidden"))
KIND_OF_WORD = {word: KINDS.index(kind) for kind, words in KIND_WORDS.items() for word in words.split()}
KIND_OF_TAG = {tag: KINDS.index(kind) for kind, tags in KIND_TAGS.items() for tag in tags.split()}
NAMED = re.compile(r"""\b(?:class|id|role|CLASS|ID)\s*=\s*("[^"]*"|'[^']*'|[^\s>]+)""")
WORD = re.compile("[A-Z]?[a-z]+")
# One string in four of what this splits a page into is a tag, the next its name, the next its attributes.
CONTAINERS = "div|section|nav|footer|header|aside|main|article|form|figcaption|dialog|menu"
TAG = re.compile(rf"(<(/?(?:{CONTAINERS}))\b([^<>]*)>)")
CUT = re.compile(r"<(!--|(?:script|style|svg|noscript|template|select|iframe|textarea|nav|footer)\b)")
PARAGRAPH = re.compile("<p[ >]")
UPPER = re.compile("</?[A-Z]+")
OLD_STYLE = re.compile("<(?:HTML|HEAD|BODY|META|TITLE)")  # whoever writes one tag so writes all
OLD_STYLE_WITHIN = 4096


class Region(NamedTuple):
    kind: int  # index into KINDS
    main: bool  # inside <main> or <article>
    decided: bool = False


@lru_cache(1 << 14)
def kind_of(attributes: str) -> int:
    """The kind that the words of an element's class, id and role name: the first decided one, else the first other."""
    soft = 0
    for names in NAMED.findall(attributes):
        for word in WORD.findall(names):
            kind = KIND_OF_WORD.get(word.lower(), 0)
            if 0 < kind < SOFT:
                return kind
            soft = soft or kind
    return soft


def mark_regions(html: str) -> tuple[str, list[Region]]:
    """The page without its scripts, with a mark wherever another region begins; and the regions by their number."""
    if OLD_STYLE.search(html, 0, OLD_STYLE_WITHIN):
        html = UPPER.sub(lambda tag: tag.group().lower(), html)
    parts = TAG.split(_cut(html).replace(SENTINEL, ""))
    names, attributes = parts[2::4], parts[3::4]
    parts[2::4] = parts[3::4] = [""] * len(names)
    regions = [Region(0, False)]
    tags: list[str] = []
    opened = dict.fromkeys(CONTAINERS.split("|"), 0)
    outer: list[int] = []  # for each open element, the region around it
    started = [0]  # for each region, the number of the tag that opened it
    size = sum(map(len, parts))
    here = 0
    for number, name in enumerate(names):
        if name[0] == "/":
            name = name[1:]
            if not opened[name]:
                parts[4 * number + 1] = ""
                continue
            if tags and tags[-1] == name:
                tags.pop()
                opened[name] -= 1
                outside = outer.pop()
            else:
                outside = _close(name, tags, opened, outer, here)
            if outside != here:
                if regions[here].kind in EMPTIED and outside < here:
                    _empty(parts, 4 * started[here] + 4, 4 * number + 1, size // 2)
                here = outside
                parts[4 * number + 1] += f"{SENTINEL}{here};"
            continue
        if len(tags) == MAX_DEPTH:
            parts[4 * number + 1] = ""
            continue
        tags.append(name)
        opened[name] += 1
        outer.append(here)
        named = attributes[number]
        if named and "hidden" not in named and "style" not in named:
            parts[4 * number + 1] = f"<{name}>"  # the parser has no use for the rest
        around = regions[here]
        if around.decided or not (named or name in KIND_OF_TAG):
            continue
        kind = KIND_OF_TAG.get(name, 0)
        if named and kind in (0, CONTENT):
            kind = kind_of(named) or kind
        if kind and len(regions) < MAX_REGIONS:
            here = len(regions)
            regions.append(_inside(around, kind, name))
            started.append(number)
            parts[4 * number + 1] += f"{SENTINEL}{here};"
    return "".join(parts), regions


def _inside(around: Region, kind: int, tag: str) -> Region:
    """The region that an element of this kind opens inside another that is not decided."""
    kept = around.kind >= SOFT and kind >= SOFT and around.kind != CONTENT
    kind = around.kind if kept else kind
    return Region(kind, around.main or tag in ("main", "article"), 0 < kind < SOFT)


def _empty(parts: list[str], start: int, stop: int, limit: int) -> None:
    """Takes out what stands inside a region, where that is no paragraph and less than `limit` characters."""
    inside = "".join(parts[start:stop])
    if len(inside) < limit and PARAGRAPH.search(inside) is None:
        parts[start:stop] = [""] * (stop - start)


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


def _close(tag: str, tags: list[str], opened: dict[str, int], outer: list[int], here: int) -> int:
    """Takes the element that a tag closes off the stack: the region around it, or the same when none such is open."""
    for index in range(len(tags) - 1, max(-1, len(tags) - MAX_LOOK_BACK), -1):
        if tags[index] == tag:
            around = outer[index]
            for closed in tags[index:]:
                opened[closed] -= 1
            del tags[index:], outer[index:]
            return around
    return here

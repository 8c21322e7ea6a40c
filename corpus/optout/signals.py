"""Opt-out: what a page's sender has said against its use, in HTTP headers and in the page's <meta> elements.

Three conventions: robots directives (Google's X-Robots-Tag and meta robots; "noindex" also as "none"), the directives
"noai" and "noimageai" (DeviantArt 2022, honoured by img2dataset), and the TDM Reservation Protocol of a W3C group
(https://www.w3.org/community/reports/tdmrep/CG-FINAL-tdmrep-20240510/).

A directive counts when it is for all robots or for Headwater. "noai" and "noimageai" count whichever robot they name:
they are about what is done with a page, not about who fetches it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from resiliparse.parse.html import HTMLTree

HEADERS = ("x-robots-tag", "tdm-reservation")
AGENT = "headwater"
EVERYBODY = ("", "*", "all", "robots", AGENT)
ROBOTS = ("noai", "noimageai", "noindex")
TDM = "tdm_reservation"
DIRECTIVES = (*ROBOTS, TDM)
# Directives that have a value of their own; any other word before a colon names a robot.
VALUED = ("unavailable_after", "max-snippet", "max-image-preview", "max-video-preview")
NEEDLES = re.compile(rb"noai|noimageai|noindex|tdm-reservation")
NONE, FOR_US = b"none", tuple(name.encode() for name in EVERYBODY if name)  # a word of every day without such a name
META = re.compile(rb"<[mM][eE][tT][aA]")
META_BYTES = 4_096  # of a <meta> are searched
MAX_AGENT = 200  # characters of a robot's name; without a bound, many directives after a long one take the square


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """`reason` as in the ledger; `detail`: what said so, as it was written."""

    reason: str
    detail: str


def find_refusal(
    headers: Iterable[tuple[str, str]], html: bytes, directives: Iterable[str] = DIRECTIVES
) -> Refusal | None:
    """The first of these directives that applies, in their order; headers before the page."""
    said = [*_headers(headers), *_metas(html)]
    for directive in directives:
        for found, detail in said:
            if found == directive:
                return Refusal(reason=f"opt_out:{directive}", detail=detail[:200])
    return None


def _headers(headers: Iterable[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """(directive, the header that holds it)."""
    for name, value in headers:
        detail = f"{name}: {value}"
        if name.lower() == "x-robots-tag":
            agent = ""
            for token in value.lower().split(","):
                before, colon, after = token.partition(":")
                if colon and before.strip() not in VALUED:
                    agent, token = before.strip(), after
                yield from ((found, detail) for found in _robots(agent, token))
        elif name.lower() == "tdm-reservation" and value.strip() == "1":
            yield TDM, detail


def _metas(html: bytes) -> Iterator[tuple[str, str]]:
    """(directive, the element that holds it). Bytes nominate, so that only pages with such a word are parsed for it;
    the parser knows what stands in a comment or in a script."""
    if b"\0" in html[:64]:  # UTF-16: ASCII letters with zeros between them
        html = html.replace(b"\0", b"")
    if not _nominated(html):
        return
    document = HTMLTree.parse_from_bytes(html, "utf-8").document
    for element in document.query_selector_all("meta") if document else []:
        name = (element.getattr("name") or element.getattr("http-equiv") or "").strip().lower()
        content = (element.getattr("content") or "").lower()
        detail = f'<meta name="{name}" content="{content}">'
        if name == "tdm-reservation" and content.strip() == "1":
            yield TDM, detail
        elif name == "x-robots-tag":
            yield from _headers([(name, content)])
        elif name:
            yield from ((found, detail) for token in content.split(",") for found in _robots(name, token))


def _nominated(html: bytes) -> bool:
    position = 0
    while (found := META.search(html, position)) is not None:
        start = found.start()
        stop = html.find(b">", start, start + META_BYTES)
        if stop < 0:
            stop = html.find(b"<", start + 1, start + META_BYTES)
        position = stop if stop >= 0 else start + META_BYTES
        element = html[start:position].lower()
        if NEEDLES.search(element) or (NONE in element and any(name in element for name in FOR_US)):
            return True
    return False


def _robots(agent: str, token: str) -> Iterator[str]:
    directive = token.strip()
    if directive == "none":  # noindex, nofollow
        directive = "noindex"
    if directive in ROBOTS and (agent in EVERYBODY or (directive != "noindex" and _is_robot(agent))):
        yield directive


def _is_robot(agent: str) -> bool:
    """A robot's name, not "description" or "keywords", whose content may be any word."""
    return bool(re.search(r"bot|crawl|spider|robots|extended|-ai$|^ai-", agent[:MAX_AGENT]))

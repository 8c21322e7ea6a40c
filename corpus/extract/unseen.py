"""Unseen: the article of a page that shows it by scripts alone, as it stands there for browsers without scripts, or as
data for search engines."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from html import unescape
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from corpus.extract.blocks import Reading

BODY = "articleBody"
MAX_DATA = 4 << 20  # bytes
MAX_DEPTH = 20


def other_texts(
    source: bytes, reading: Reading, longer_than: int, main_text: Callable[[Reading], str]
) -> Iterator[tuple[str, str]]:
    """(name, text) of the texts that a page in UTF-8 has beside what it shows: "noscript", the main text with what is
    meant for browsers without scripts, and "json_ld", an articleBody. Only those that may have more than so many
    characters; computed as they are asked for."""
    from corpus.extract.blocks import read_blocks

    if _noscript_bytes(source) > longer_than:
        yield "noscript", main_text(read_blocks(source, noscript=True))
    scripts = [data for data in reading.data if longer_than < len(data) <= MAX_DATA and BODY.encode() in data]
    bodies = [body for data in scripts for body in _bodies(data)]
    if bodies:
        body = max(bodies, key=len)
        yield "json_ld", _text(body) if "<" in body else unescape(body)


def _noscript_bytes(source: bytes) -> int:
    total = position = 0
    while (start := source.find(b"<noscript", position)) >= 0 and (end := source.find(b"</noscript", start)) >= 0:
        total += end - start
        position = end
    return total


def _text(html: str) -> str:
    from corpus.extract.blocks import read_blocks

    return read_blocks(html.encode("utf-8", "replace")).blocks.text()


def _bodies(data: bytes) -> list[str]:
    """Every articleBody in a script of JSON-LD; none where it is no JSON."""
    try:
        return list(_search(json.loads(data.decode("utf-8", "replace"), strict=False), MAX_DEPTH))
    except (ValueError, RecursionError):
        return []


def _search(value: Any, depth: int) -> Iterator[str]:
    if depth and isinstance(value, dict):
        if isinstance(value.get(BODY), str):
            yield value[BODY]
        for other in value.values():
            yield from _search(other, depth - 1)
    elif depth and isinstance(value, list):
        for other in value:
            yield from _search(other, depth - 1)

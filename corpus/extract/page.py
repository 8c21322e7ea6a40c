"""Page: bytes -> title, main text, date, by the extractor that the configuration names."""

from __future__ import annotations

import re
from dataclasses import dataclass
from importlib.metadata import version
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from corpus.extract.alternatives import choose_by_agreement, extract_alternatives
from corpus.extract.config import ROLES, ExtractConfig
from corpus.extract.publication import find_publication_date
from corpus.extract.unseen import other_texts
from corpus.text.charset import convert_to_utf8
from corpus.text.normal_form import normalise

if TYPE_CHECKING:
    from corpus.extract.blocks import Blocks, Reading

MAX_DEPTH = 1_000  # elements inside one another; browsers stop at 512
# What nests without end; void elements and those that HTML closes by itself would only pile up.
TAG = re.compile(r"<(/?)(?:div|span|section|article|table|ul|ol|blockquote|font|b|i|em|strong|center)\b", re.IGNORECASE)
MAX_FOR_OTHERS = 2 << 20  # bytes; trafilatura takes 9 s and 455 MB for a table of 5.8 MB
OWN = ("blocks", "noscript", "json_ld")
MIN_OTHER, OTHER_LONGER = 200, 4  # characters, and times the main text, of an article that the page does not show
LIBRARIES = {name: version(name) for name in ("resiliparse", "trafilatura", "justext", "lxml")}


@dataclass(frozen=True, kw_only=True)
class Extracted:
    """`published`: the page's own date, as YYYY-MM-DD. `extractor`: whose text it is; "page" where all was taken;
    "noscript" and "json_ld" where the page shows none without its scripts."""

    title: str
    text: str
    charset: str
    published: str | None = None
    extractor: str = "blocks"


def extract_page(html: bytes, declared_charset: str | None, config: ExtractConfig) -> Extracted | str:
    """The page's text, or the reason why there is none: "undecodable", "parser_error" or "no_text"."""
    decoded = convert_to_utf8(html, declared_charset)
    if decoded is None:
        return "undecodable"
    source, charset = decoded
    try:
        title, texts = _own(source, config)
    except (ValueError, RuntimeError):
        return "parser_error"
    if config.main_content and config.extractor != "blocks" and len(source) <= MAX_FOR_OTHERS:
        characters = source.decode()
        if not _too_deep(characters):
            texts = extract_alternatives(characters, config.extractor) | texts
    chosen = choose_by_agreement(texts) if config.extractor == "union" else config.extractor
    chosen = chosen if texts.get(chosen) else next((name for name in OWN if texts.get(name)), "page")
    text = texts.get(chosen, "")
    if not text.strip():
        return "no_text"
    return Extracted(title=title, text=text, charset=charset, published=find_publication_date(source), extractor=chosen)


def describe_blocks(html: bytes, declared_charset: str | None, config: ExtractConfig) -> list[dict[str, str | bool]]:
    """The page's blocks in order: `role`, whether it is `kept` as a part of the main text, and `text`. None where the
    page cannot be decoded."""
    from corpus.extract.choice import choose_main_blocks
    from corpus.extract.roles import find_roles

    decoded = convert_to_utf8(html, declared_charset)
    if decoded is None:
        return []
    reading = read_visible(decoded[0])
    keep = choose_main_blocks(reading, config.min_score)
    roles = find_roles(reading.blocks, reading.regions, keep)
    return [
        {"role": role, "kept": kept and role in config.roles, "text": normalise(text)}
        for role, kept, text in zip(roles, keep.tolist(), reading.blocks.texts(), strict=True)
    ]


def prepare() -> None:
    """Has ready what is compiled: ten seconds where nothing kept it yet, half a second later, and only in a process's
    first call. Whoever limits the time of a page calls it before."""
    extract_page(b"<p>.</p>", None, ExtractConfig())


def _own(source: bytes, config: ExtractConfig) -> tuple[str, dict[str, str]]:
    """Of a page in UTF-8: its title, and its texts by how they were got: "blocks" the main one, "page" all of it, where
    asked for or where there is no other; "noscript" or "json_ld" where the page itself has little."""
    reading = read_visible(source)
    title = normalise(" ".join(reading.title.split()))
    if not config.main_content:
        return title, {"page": normalise(_written(reading.blocks, None, config))}
    main = _main_text(reading, config)
    little = max(MIN_OTHER, OTHER_LONGER * len(main))
    for name, text in other_texts(source, reading, little, lambda other: _main_text(other, config)):
        if len(text) > little:
            return title, {name: normalise(text)}
    if len(main) > config.rescue_below * len(reading.blocks.points):
        return title, {"blocks": normalise(main)}
    return title, {"page": normalise(_written(reading.blocks, None, config))}


def read_visible(source: bytes) -> Reading:
    """The blocks of a page in UTF-8 that a reader sees; all, where a script would show most of them."""
    # These are compiled, and whoever extracts nothing does without numba.
    from corpus.extract.blocks import read_blocks

    reading = read_blocks(source)
    return read_blocks(source, hidden=True) if reading.hidden > len(reading.blocks.points) else reading


def _main_text(reading: Reading, config: ExtractConfig) -> str:
    from corpus.extract.choice import choose_main_blocks

    keep = choose_main_blocks(reading, config.min_score)
    if config.roles != ROLES:
        from corpus.extract.roles import find_roles

        keep &= [role in config.roles for role in find_roles(reading.blocks, reading.regions, keep)]
    return _written(reading.blocks, keep, config)


def _written(blocks: Blocks, keep: NDArray[np.bool_] | None, config: ExtractConfig) -> str:
    """The blocks that are kept, or all, in the form that is asked for."""
    if config.format == "text":
        return blocks.text(keep)
    from corpus.extract.markdown import write_markdown

    return write_markdown(blocks, np.ones(len(blocks.rows), np.bool_) if keep is None else keep)


def _too_deep(text: str) -> bool:
    """Whether elements are nested so deeply that parsers take the square of the depth, which mark_regions bounds. Pages
    with few tags cannot be, and are not searched."""
    if text.count("<") < 2 * MAX_DEPTH:
        return False
    depth = 0
    for tag in TAG.finditer(text):
        depth += -1 if tag.group(1) else 1
        if depth > MAX_DEPTH:
            return True
    return False

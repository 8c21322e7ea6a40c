"""Page: bytes -> title, main text, date, by the extractor that the configuration names."""

from __future__ import annotations

import re
from dataclasses import dataclass
from importlib.metadata import version

from resiliparse.extract.html2text import extract_plain_text
from resiliparse.parse.html import HTMLTree

from corpus.extract.alternatives import choose_by_agreement, extract_alternatives
from corpus.extract.config import ExtractConfig
from corpus.extract.publication import find_publication_date
from corpus.extract.regions import SENTINEL, mark_regions
from corpus.text.charset import convert_to_utf8
from corpus.text.normal_form import normalise

MAX_DEPTH = 1_000  # elements inside one another; browsers stop at 512
# What nests without end; void elements and those that HTML closes by itself would only pile up.
TAG = re.compile(r"<(/?)(?:div|span|section|article|table|ul|ol|blockquote|font|b|i|em|strong|center)\b", re.IGNORECASE)
MAX_FOR_OTHERS = 2 << 20  # bytes; trafilatura takes 9 s and 455 MB for a table of 5.8 MB
LIBRARIES = {name: version(name) for name in ("resiliparse", "trafilatura", "justext", "lxml")}


@dataclass(frozen=True, kw_only=True)
class Extracted:
    """`published`: the page's own date, as YYYY-MM-DD. `extractor`: whose text it is; "page" where all was taken."""

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
    chosen = chosen if texts.get(chosen) else "blocks" if texts.get("blocks") else "page"
    text = texts.get(chosen, "")
    if not text.strip():
        return "no_text"
    return Extracted(title=title, text=text, charset=charset, published=find_publication_date(source), extractor=chosen)


def prepare() -> None:
    """Has ready what is compiled: ten seconds where nothing kept it yet, half a second later, and only in a process's
    first call. Whoever limits the time of a page calls it before."""
    extract_page(b"<p>.</p>", None, ExtractConfig())


def _own(source: bytes, config: ExtractConfig) -> tuple[str, dict[str, str]]:
    """Of a page in UTF-8: its title, and its texts by how they were got: "blocks" the main one, "page" all of it, where
    asked for or where there is no other."""
    if not config.main_content and not _too_deep(characters := source.decode()):
        tree = HTMLTree.parse(characters)
        return _title(tree), {"page": _whole(tree)}
    # These are compiled, and whoever extracts nothing does without numba.
    from corpus.extract.blocks import read_blocks
    from corpus.extract.choice import choose_main_blocks

    marked, regions = mark_regions(source)
    tree = HTMLTree.parse(marked)
    title = _title(tree)
    blocks = read_blocks(tree, title, regions)
    if config.main_content:
        main = blocks.text(choose_main_blocks(blocks, regions, config.min_score))
        if len(main) > config.rescue_below * len(blocks.points):
            return title, {"blocks": normalise(main)}
    return title, {"page": normalise(blocks.text())}


def _title(tree: HTMLTree) -> str:
    return normalise(" ".join((tree.title or "").replace(SENTINEL, "").split()))


def _whole(tree: HTMLTree) -> str:
    # List bullets and alternative texts are not the page's prose.
    return normalise(
        extract_plain_text(
            tree, preserve_formatting=True, main_content=False, list_bullets=False, alt_texts=False, links=False
        )
    )


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

"""Extract: the bytes of an HTML page -> title and main text. The text depends on the page alone."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.metadata import version

from resiliparse.extract.html2text import extract_plain_text
from resiliparse.parse.html import HTMLTree

from corpus.charset import decode
from corpus.text import normalise

LIBRARIES = {"resiliparse": version("resiliparse")}


@dataclass(frozen=True, kw_only=True)
class ExtractConfig:
    """`main_content`: leave out navigation, headers and footers. `rescue_below`: where the main content has less than
    this share of the page's text, the heuristic missed it, and the whole page's text is taken."""

    main_content: bool = True
    rescue_below: float = 0.1


@dataclass(frozen=True, kw_only=True)
class Extracted:
    title: str
    text: str
    charset: str


def extract(html: bytes, declared_charset: str | None, config: ExtractConfig) -> Extracted | str:
    """The page's text, or the reason why there is none: "undecodable", "parser_error" or "no_text"."""
    decoded = decode(html, declared_charset)
    if decoded is None:
        return "undecodable"
    text, charset = decoded
    try:
        tree = HTMLTree.parse(text)
        title = normalise(" ".join((tree.title or "").split()))
        main = _text(tree, main_content=config.main_content)
        whole = _text(tree, main_content=False) if config.main_content else main
    except (ValueError, RuntimeError, OSError):
        return "parser_error"
    body = main if len(main) >= config.rescue_below * len(whole) else whole
    return Extracted(title=title, text=body, charset=charset) if body.strip() else "no_text"


def _text(tree: HTMLTree, *, main_content: bool) -> str:
    # List bullets and alternative texts are not the page's prose: without them the F1 on articles is .036 higher.
    return normalise(
        extract_plain_text(
            tree, preserve_formatting=True, main_content=main_content, list_bullets=False, alt_texts=False, links=False
        )
    )

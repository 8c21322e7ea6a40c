"""Blocks: a page's paragraphs, headings, list items and table rows, each with what is cheap to measure about it."""

from __future__ import annotations

import html
import re
from typing import NamedTuple

from resiliparse.extract.html2text import extract_plain_text
from resiliparse.parse.html import HTMLTree

from corpus.extract.regions import MARK, Regions
from corpus.text import UNSPACED

LINE, PARAGRAPH, HEADING, PREFORMATTED = range(4)
LINK, LINK_END = "\x02", "\x03"  # as the sentinel: one character each for <a href="..."> and </a>
A_TAG = re.compile(r'<a href="[^"]*">')
CLOSING = re.compile("</(?:p|h[1-6])>|<br>")
LINKED = re.compile(f"{LINK}([^{LINK}{LINK_END}]*)")
MAX_LINK_LINES = 4  # a link that goes on for longer was never closed
WIDE = re.compile(f"[{UNSPACED}\uac00-\ud7a3]")
ENDS = frozenset('.!?。！？…”"')

# Lines that stand around a text, by how they begin, in lower case. Behind the first kind the text is often over.
FRAME = re.compile(
    r"\W*(?:((?:\d+ |leave a |post a |add a |user |reader |join the )?(?:comments?|repl(?:y|ies)"
    r"|discussion|conversation)\b"
    r"|related|recommended|read (?:more|next)|more (?:from|stories|on|like|in|to|news|articles|posts)|see also"
    r"|popular|you (?:may|might)|also (?:like|read)|trending|latest|recent|about the author|references$"
    r"|sources$|footnotes|share (?:this|on)|filed under|tags:|subscribe|sign up|newsletter|what to read|keep reading"
    r"|customers also|similar|up next|further reading|kommentare|ähnliche|das könnte|mehr zum|weitere|lesen sie"
    r"|verwandte|über den autor|articles? (?:similaires|liés)|à lire|commentaires|artículos|comentarios"
    r"|te puede|articoli correlati|相关|推荐|猜你|热门|评论|延伸阅读|责任编辑"
    r"|関連|コメント|おすすめ)"
    r"|copyright|©|all rights reserved|privacy|cookies?|we use cookies|terms"
    r"|sign in|log ?in|register|share|tweet|follow"
    r"|print|e-?mail|facebook|twitter|post(?:ed)? (?:by|in|on)|by \w|published|updated|tags?\b|categor|previous"
    r"|next"
    r"|back to|skip to|click here|advertisement|sponsored|home$|menu$|search|loading|contact|about|powered by|teilen"
    r"|drucken|kommentar|impressum|datenschutz|weiterlesen|partager|lire aussi|comparti|leer m|上一篇|下一篇|版权"
    r"|分享|登录"
    r"|注册|シェア)"
)
FRAME_WORDS = (
    *(
        "copyright",
        "©",
        "rights reserved",
        "cookie",
        "privacy policy",
        "terms of",
        "newsletter",
        "subscribe",
        "sign up",
    ),
    *("your email", "e-mail address", "log in", "javascript", "advertis", "版权", "未经授权", "datenschutz"),
)
MAX_TITLE = 1_000
FRAME_WIDTH, WORDS_WIDTH = 80, 400  # columns: longer lines are not looked through for the above


IS_FRAME, IS_TAIL, HAS_FRAME_WORDS, IS_TITLE = 1, 2, 4, 8


class Blocks(NamedTuple):
    """A list a measure, because a few lists cost less than hundreds of tuples."""

    text: list[str]
    width: list[int]  # characters; 2.5 for each of a script without spaces, in which a character says as much
    linked: list[int]  # characters inside links
    tag: list[int]
    region: list[int]
    flags: list[int]  # bits: see IS_FRAME; IS_TITLE is a heading that is a part of the page's title


def read_blocks(tree: HTMLTree, title: str, regions: Regions) -> Blocks:
    """The blocks of a page whose regions are marked, in order. Linear in the page's length."""
    marked = extract_plain_text(
        tree, preserve_formatting="minimal_html", main_content=False, list_bullets=False, alt_texts=False, links=True
    )
    marked = A_TAG.sub(LINK, _unlinked(marked)).replace("</a>", LINK_END)
    blocks = Blocks([], [], [], [], [], [])
    text, widths, links, tags, where, flags = blocks
    lowered: list[str] = []  # of each block, where it is short enough to be looked through
    titles = title[:MAX_TITLE].lower()
    pre: list[str] | None = None
    region = 0
    link_lines = 0  # of the link that is open; 0 when none is
    for number, piece in enumerate(MARK.split(marked)):
        if number % 2:
            region = min(int(piece), len(regions.kind) - 1)  # a page may have written a mark of its own
            continue
        for line in piece.split("\n"):
            if not line and pre is None:
                continue
            tag = LINE
            if pre is not None or line.startswith("<pre"):
                pre = [] if pre is None else pre
                pre.append(line)
                if not line.endswith("</pre>"):
                    continue
                line, pre, tag = "\n".join(pre)[len("<pre>") : -len("</pre>")], None, PREFORMATTED
            elif line.startswith("<p>"):
                line, tag = line[3:], PARAGRAPH
            elif line.startswith("<h"):
                line, tag = line[4:], HEADING
            if tag != PREFORMATTED:
                line = line.removesuffix("</p>")  # which most lines end with, and is the only tag of
                if "<" in line:
                    line = CLOSING.sub("", line)
            linked = 0
            if LINK in line or LINK_END in line:
                linked = sum(map(len, LINKED.findall(line)))
                if link_lines:
                    linked += len(line.partition(LINK_END)[0].partition(LINK)[0])
                link_lines = 1 if line.rfind(LINK) > line.rfind(LINK_END) else 0
                line = _unlinked(line)
            elif link_lines:
                link_lines = link_lines + 1 if link_lines < MAX_LINK_LINES else 0
                linked = len(line)
            if "&" in line:
                line = html.unescape(line)
            line = line.strip() if tag != PREFORMATTED else line.strip("\n")
            if not line:
                continue
            width = len(line) if line.isascii() else len(line) + 3 * len(WIDE.findall(line)) // 2
            lower = line.lower() if width < WORDS_WIDTH else ""
            flag = IS_TITLE if tag == HEADING and width > 3 and lower and lower in titles else 0
            if width < FRAME_WIDTH and (around := FRAME.match(lower)) is not None:
                flag |= IS_FRAME | IS_TAIL if around.group(1) else IS_FRAME
            lowered.append(lower)
            text.append(line)
            widths.append(width)
            links.append(linked)
            tags.append(tag)
            where.append(region)
            flags.append(flag)
    if pre and (rest := html.unescape(_unlinked("\n".join(pre)[len("<pre>") :])).strip("\n")):
        for column, value in zip(blocks, (rest, len(rest), 0, PREFORMATTED, region, 0), strict=True):
            column.append(value)  # type: ignore[attr-defined]
    page = "\n".join(lowered)
    if words := [word for word in FRAME_WORDS if word in page]:
        for number, lower in enumerate(lowered):
            if lower and any(map(lower.__contains__, words)):
                flags[number] |= HAS_FRAME_WORDS
    return blocks


def _unlinked(text: str) -> str:
    return text.replace(LINK, "").replace(LINK_END, "")

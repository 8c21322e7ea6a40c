"""Sanitiser: a page as it may be shown: its text and structure, without anything that runs, loads, sends or leads away.

It runs as a script, in a process of its own with limits of time and memory: what a parser makes of a hostile page may
be the square of its length. Scripts, styles, forms and frames are left out; images are their alternative texts, links
their words. The page is shown in a sandboxed frame besides, in which nothing may load (headwater.viewing.access).
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

SECONDS, MEMORY = 5, 1 << 30
TAGS = frozenset(
    (
        *(
            "article",
            "aside",
            "footer",
            "header",
            "main",
            "nav",
            "section",
            "div",
            "p",
            "br",
            "hr",
            "center",
            "address",
        ),
        *("h1", "h2", "h3", "h4", "h5", "h6", "hgroup", "ul", "ol", "li", "dl", "dt", "dd", "blockquote", "pre"),
        *("table", "caption", "thead", "tbody", "tfoot", "tr", "th", "td", "figure", "figcaption", "img", "a", "span"),
        *(
            "b",
            "strong",
            "i",
            "em",
            "u",
            "s",
            "del",
            "ins",
            "mark",
            "small",
            "sub",
            "sup",
            "code",
            "kbd",
            "samp",
            "var",
        ),
        *(
            "abbr",
            "cite",
            "dfn",
            "q",
            "time",
            "bdi",
            "bdo",
            "ruby",
            "rb",
            "rt",
            "rtc",
            "rp",
            "wbr",
            "details",
            "summary",
        ),
    )
)
ATTRIBUTES = {
    "*": frozenset(("dir", "lang")),
    "img": frozenset(("alt",)),
    "th": frozenset(("colspan", "rowspan")),
    "td": frozenset(("colspan", "rowspan")),
}
# Left out with what is in them; of other elements that are not in TAGS the content stays.
EMPTIED = frozenset(
    ("script", "noscript", "style", "title", "template", "iframe", "object", "svg", "math", "canvas", "select")
)


def sanitise(html: str) -> str:
    """Raises ValueError where the page takes more than SECONDS or MEMORY."""
    try:
        done = subprocess.run(
            [sys.executable, "-I", str(Path(__file__))],
            input=html.encode(errors="replace"),
            capture_output=True,
            timeout=SECONDS,
            check=True,
        )
    except (subprocess.TimeoutExpired, subprocess.CalledProcessError) as error:
        raise ValueError(f"the page cannot be laid out within {SECONDS} s and {MEMORY >> 20} MiB") from error
    return done.stdout.decode()


def _main() -> None:
    import resource

    import nh3

    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    clean = nh3.clean(
        sys.stdin.buffer.read().decode(),
        tags=set(TAGS),
        clean_content_tags=set(EMPTIED),
        attributes={tag: set(names) for tag, names in ATTRIBUTES.items()},
        link_rel=None,
        url_schemes=set(),
    )
    sys.stdout.buffer.write(clean.encode())


if __name__ == "__main__":
    _main()

"""Lines: of texts that hold a value a line, such as JSON."""

from __future__ import annotations

import re

END = re.compile(r"\r\n?|\n")


def split_lines(text: str) -> list[str]:
    """Without their ends. str.splitlines also cuts at U+2028, U+0085, a form feed and others, which may stand within a
    string of JSON and within a sentence."""
    lines = END.split(text)
    return lines if lines[-1] else lines[:-1]

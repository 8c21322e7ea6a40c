"""Markdown: front matter and tables. What a crawl's files or a benchmark say is shown, never obeyed."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import yaml

MARKUP = re.compile(r"([\\\\`*{}\[\]()<>#!|&~])")
UNDERLINE = re.compile(r"(?<!\w)_|_(?!\w)")  # within a word it means nothing


def front_matter(values: Mapping[str, Any]) -> str:
    """The YAML block that a card begins with, in the order of `values`; what is None or empty is left out."""
    kept = {name: value for name, value in values.items() if value not in (None, [], {}, "")}
    return f"---\n{yaml.safe_dump(kept, sort_keys=False, allow_unicode=True, width=1000)}---"


def table(header: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    lines = ["| " + " | ".join(header) + " |", "|" + "---|" * len(header)]
    lines += ["| " + " | ".join(escape_markup(_show(value)) for value in row) + " |" for row in rows]
    return "\n".join(lines)


def escape_markup(text: str) -> str:
    """A text in one line, in which nothing is markup."""
    return UNDERLINE.sub(r"\\_", MARKUP.sub(r"\\\1", " ".join(text.split())))


def _show(value: Any) -> str:
    """Whole numbers with their thousands, what is not there as nothing."""
    if value is None:
        return ""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return str(value)
    return f"{value:,}" if isinstance(value, int) else f"{value:.6g}"

"""Markdown: tables."""

from __future__ import annotations

from collections.abc import Iterable


def rows_of(head: str, rows: Iterable[Iterable[str]]) -> list[str]:
    columns = head.count("|") + 1
    return [f"| {head} |", "|---" * columns + "|", *(f"| {' | '.join(row)} |" for row in rows), ""]

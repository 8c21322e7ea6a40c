"""Markdown: a page's blocks with the structure that plain text loses: headings, lists, tables, code.

Source: CommonMark 0.31; tables as GitHub Flavored Markdown has them.
"""

from __future__ import annotations

import re

import numpy as np
from numpy.typing import NDArray

from corpus.extract.blocks import Blocks
from corpus.extract.elements import EL, NAMES
from corpus.extract.kernels.writer import BLOCK, HEADING, PREFORMATTED

LEVELS = {1 + NAMES.index(f"h{level}"): level for level in range(1, 7)}
DEFAULT_LEVEL = 2  # of what is a heading by another element's
QUOTE = EL.blockquote
FENCES = re.compile("`{3,}")
LEADING = re.compile(r"(?:#{1,6}(?=\s)|>|[-+*](?=\s)|\d{1,9}[.)](?=\s)|```|~~~)")


def write_markdown(blocks: Blocks, keep: NDArray[np.bool_]) -> str:
    """The blocks that are kept. A row of a table is a line between bars; its first row is taken for its head."""
    parts: list[str] = []
    item = table = 0
    was_list = False
    for text, row, kept in zip(blocks.texts(), blocks.rows.tolist(), keep.tolist(), strict=True):
        if not kept:
            continue
        depth, numbered = divmod(row[BLOCK.lists], 2)
        is_row = row[BLOCK.table] > 0 and "\t" in text and row[BLOCK.tag] != PREFORMATTED
        in_list = row[BLOCK.item] > 0 and depth > 0 and not is_row
        if is_row:
            cells = [cell.strip().replace("|", "\\|") for cell in text.split("\t")]
            line = f"| {' | '.join(cells)} |"
            if row[BLOCK.table] != table:
                line = f"\n{line}\n|{' --- |' * len(cells)}"
        elif row[BLOCK.tag] == HEADING:
            level = LEVELS.get(row[BLOCK.element], DEFAULT_LEVEL)
            line = f"\n{'#' * level} {' '.join(text.split())}\n"
        elif row[BLOCK.tag] == PREFORMATTED and ("\n" in text or row[BLOCK.element] == EL.pre):
            fence = "`" * max(3, 1 + max(map(len, FENCES.findall(text)), default=0))
            line = f"\n{fence}\n{text}\n{fence}\n"
        elif in_list:
            indent = "  " * (depth - 1)
            mark = "   " if row[BLOCK.item] == item else "1. " if numbered else "- "
            mark = mark if numbered else mark[:2]
            line = f"{indent}{mark}{text}" if was_list else f"\n{indent}{mark}{text}"
        elif row[BLOCK.element] == QUOTE:
            line = f"\n> {text}\n"
        else:
            line = f"\n{_escape(text)}\n"
        parts.append(line)
        was_list = in_list
        item = row[BLOCK.item] if in_list else item
        table = row[BLOCK.table] if is_row else 0
    return "\n".join(parts)


def _escape(text: str) -> str:
    """Prose that begins as a heading, a list or a quote would."""
    return f"\\{text}" if LEADING.match(text) else text

"""Blocks: a page's paragraphs, headings, list items and table rows, each with what is cheap to measure about it."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from resiliparse.extract.html2text import extract_plain_text
from resiliparse.parse.html import HTMLTree

from corpus.codepoints import code_points
from corpus.extract.lines import COLUMNS, END, FLAGS, HEADING, PADDING, TAG, WIDTH, WORDS_WIDTH, split
from corpus.extract.phrases import IS_TITLE, tables
from corpus.extract.regions import SENTINEL, Regions

ENDS = np.array([*map(ord, '.!?。！？…”"')], np.int64)  # of a sentence
MAX_TITLE = 1_000


class Blocks(NamedTuple):
    """The text of a page's blocks, and a row for each of them. Its columns: where the block starts and ends in the
    text; its width (characters; 2.5 for each of a script without spaces, in which a character says as much); the
    characters inside links; its tag; its region; its bits (see corpus/extract/phrases; IS_TITLE is a heading that is a
    part of the page's title); and the number of the first block of the same text."""

    text: str  # a newline between blocks
    rows: NDArray[np.int64]

    def texts(self, keep: NDArray[np.bool_]) -> list[str]:
        return [self.text[start:end] for start, end in self.rows[keep, : END + 1].tolist()]

    @property
    def length(self) -> int:
        """The characters of all texts, without the newlines between them."""
        return max(0, len(self.text) - len(self.rows) + 1)


def read_blocks(tree: HTMLTree, title: str, regions: Regions) -> Blocks:
    """The blocks of a page whose regions are marked, in order. Linear in the page's length."""
    marked = extract_plain_text(
        tree, preserve_formatting="minimal_html", main_content=False, list_bullets=False, alt_texts=False, links=True
    )
    source = np.frombuffer((marked + PADDING).encode("utf-32-le"), np.uint32)
    points = np.empty(len(source), np.uint32)
    rows = np.empty((1 + marked.count("\n") + marked.count(SENTINEL), COLUMNS), np.int64)
    length, number = split(source, len(regions.kind), code_points(), ENDS, *tables(), points, rows)
    blocks = Blocks(points[:length].tobytes().decode("utf-32-le"), rows[:number])
    _mark_titles(blocks, title[:MAX_TITLE].lower())
    return blocks


def _mark_titles(blocks: Blocks, title: str) -> None:
    tags, widths = blocks.rows[:, TAG], blocks.rows[:, WIDTH]
    for number in np.flatnonzero((tags == HEADING) & (widths > 3) & (widths < WORDS_WIDTH)).tolist():
        start, end = blocks.rows[number, : END + 1].tolist()
        if blocks.text[start:end].lower() in title:
            blocks.rows[number, FLAGS] |= IS_TITLE

"""Blocks: a page's paragraphs, headings, list items and table rows, each with what is cheap to measure about it."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from resiliparse.extract.html2text import extract_plain_text
from resiliparse.parse.html import HTMLTree

from corpus.extract.kernels.lines import BLOCK, NEWLINE, PADDING, split_blocks
from corpus.extract.kernels.phrases import phrase_tables
from corpus.extract.regions import SENTINEL, Regions
from corpus.text.codepoints import code_point_table
from corpus.text.compiled import kernel

ENDS = np.array([*map(ord, '.!?。！？…”"')], np.int64)  # of a sentence
MAX_TITLE = 300  # characters


class Blocks(NamedTuple):
    """The text of a page's blocks, and a row for each of them.

    The columns of a row are those of BLOCK: `start` and `end` in the text; `width` (characters; 2.5 for each of a
    script without spaces, in which a character says as much); `linked`, the characters inside links; `tag`; `region`,
    its number; `flags`, bits of kernels/phrases (IS_TITLE is a heading that is a part of the page's title); and
    `first`, the number of the first block of the same text."""

    points: NDArray[np.uint32]  # code points, a newline between blocks
    rows: NDArray[np.int64]

    def text(self, keep: NDArray[np.bool_] | None = None) -> str:
        """Of the blocks that are kept, or of all, a line each (several where preformatted)."""
        points = self.points if keep is None else _join(self.points, self.rows, keep)
        return points.tobytes().decode("utf-32-le")

    def texts(self) -> list[str]:
        text = self.text()
        return [text[start:end] for start, end in self.rows[:, [BLOCK.start, BLOCK.end]].tolist()]


def read_blocks(tree: HTMLTree, title: str, regions: Regions) -> Blocks:
    """The blocks of a page whose regions are marked, in order. Linear in the page's length."""
    marked = extract_plain_text(
        tree, preserve_formatting="minimal_html", main_content=False, list_bullets=False, alt_texts=False, links=True
    )
    source = np.frombuffer((marked + PADDING).encode(), np.uint8)
    titles = np.frombuffer(title[:MAX_TITLE].encode("utf-32-le"), np.uint32)
    points = np.empty(len(source), np.uint32)
    rows = np.empty((1 + marked.count("\n") + marked.count(SENTINEL), len(BLOCK)), np.int64)
    length, number = split_blocks(
        source, len(regions.kind), titles, code_point_table(), ENDS, *phrase_tables(), points, rows
    )
    return Blocks(points[:length], rows[:number])


@kernel
def _join(points, blocks, keep):
    """The code points of the blocks that are kept, a newline between them."""
    found, written = np.empty(len(points) + 1, np.uint32), 0
    for block in range(len(blocks)):
        if keep[block]:
            for position in range(blocks[block, BLOCK.start], blocks[block, BLOCK.end]):
                found[written] = points[position]
                written += 1
            found[written] = NEWLINE
            written += 1
    return found[: max(0, written - 1)]

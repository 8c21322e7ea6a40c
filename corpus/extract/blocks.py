"""Blocks: a page's paragraphs, headings, list items and table rows, each with what is cheap to measure about it."""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from corpus.extract.elements import NAMES, NAMING, element_tables
from corpus.extract.kernels.descriptions import describe_blocks
from corpus.extract.kernels.markup import LESS, as_bytes, build_trie, holds_bytes
from corpus.extract.kernels.names import LONG
from corpus.extract.kernels.phrases import phrase_tables
from corpus.extract.kernels.reader import MATH_TEX, MAX_REGIONS, MAX_SCRIPTS, Tables, read_markup
from corpus.extract.kernels.references import reference_tables
from corpus.extract.kernels.writer import BLOCK, NEWLINE, STATE_COLUMNS, write_text
from corpus.extract.regions import CONTENT, KIND_TAGS, KIND_WORDS, KINDS, LONG_ENDINGS, MAIN, SOFT, Regions
from corpus.extract.vocabulary import Words, find_names
from corpus.text.codepoints import code_point_table
from corpus.text.compiled import kernel

ENDS = np.array([*map(ord, '.!?…。！？｡”"')], np.int64)  # of a sentence
MATH_TAG = as_bytes("<math")
MAX_TITLE = 300  # characters


class Look(NamedTuple):
    """What of a page is read. `hidden`: elements that a style hides; `noscript`: what is for browsers without scripts.
    `has_tex`, `has_mathml`: whether the page has formulas in that form, so that those made of them can be left out."""

    hidden: bool
    noscript: bool
    has_tex: bool
    has_mathml: bool


class Blocks(NamedTuple):
    """The text of a page's blocks, and a row for each of them.

    The columns of a row are those of BLOCK: `start` and `end` in the text; `width` (characters; 2.5 for each of a
    script without spaces, in which a character says as much); `linked`, the characters inside links; `tag`; `region`,
    its number; `flags`, bits of kernels/phrases (IS_TITLE is a heading that is a part of the page's title); `first`,
    the number of the first block of the same text; the innermost block `element`, by its number, and the `depth`; the
    number of the list `item` and of the `table` that it is in, 0 for none; `lists`, twice the depth of lists, and one
    for a numbered list; and the number of the innermost element around that has names (`named`)."""

    points: NDArray[np.uint32]  # code points, a newline between blocks
    rows: NDArray[np.int64]

    def text(self, keep: NDArray[np.bool_] | None = None) -> str:
        """Of the blocks that are kept, or of all, a line each (several where preformatted)."""
        points = _join(self.points, self.rows, np.ones(len(self.rows), np.bool_) if keep is None else keep)
        return points.tobytes().decode("utf-32-le")

    def texts(self) -> list[str]:
        text = self.points.tobytes().decode("utf-32-le")
        return [text[start:end] for start, end in self.rows[:, [BLOCK.start, BLOCK.end]].tolist()]


class Reading(NamedTuple):
    """A page as it was read: `names` are the words of its elements' names, `data` the contents of its scripts of
    JSON-LD, `hidden` how many characters were left out because a style hides them."""

    title: str
    blocks: Blocks
    regions: Regions
    names: Words
    data: list[bytes]
    hidden: int


def read_blocks(source: bytes, hidden: bool = False, noscript: bool = False) -> Reading:
    """The blocks of a page in UTF-8, in order, and its containers. Linear in the page's length."""
    data = np.frombuffer(source, np.uint8)
    tables, tags = _tables(), int(np.count_nonzero(data == LESS))
    points = np.empty(len(data) + 2 * tags + 16, np.uint32)
    rows = np.empty((tags + 2, len(BLOCK)), np.int64)
    regions = np.zeros((4, min(tags + 2, MAX_REGIONS)), np.int64)
    scripts, place = np.zeros((MAX_SCRIPTS, 2), np.int64), np.zeros(2, np.int64)
    look = Look(hidden, noscript, holds_bytes(data, MATH_TEX), holds_bytes(data, MATH_TAG))
    named, names = np.zeros(regions.shape[1], np.int64), np.full((regions.shape[1], len(NAMING), 2), -1, np.int64)
    written, found, count, with_names, noted, left_out = read_markup(
        data, tables, look, points, rows, *regions, named, names, scripts, place
    )
    title = _read_title(data[place[0] : place[1]], tables)
    kind, kinds, around, last = regions[:, :count]
    rows = rows[:found]
    titles = np.frombuffer(title[:MAX_TITLE].encode("utf-32-le"), np.uint32)
    describe_blocks(points, rows, titles, code_point_table(), ENDS, *phrase_tables())
    blocks = Blocks(points[:written], rows)
    texts = [source[start:end] for start, end in scripts[:noted].tolist()]
    containers = Regions(kind=kind, kinds=kinds, around=around, last=last)
    words = find_names(data, named[:with_names], names[:with_names])
    return Reading(title, blocks, containers, words, texts, left_out)


def _read_title(data: NDArray[np.uint8], tables: Tables) -> str:
    state, points = np.zeros(len(STATE_COLUMNS), np.int64), np.empty(len(data) + 1, np.uint32)
    write_text(data, 0, len(data), state, points, tables.references, tables.reference_values)
    return points[: state[0]].tobytes().decode("utf-32-le")


@cache
def _tables() -> Tables:
    kind_of_word = {word: KINDS.index(kind) for kind, words in KIND_WORDS.items() for word in words.split()}
    kind_of_tag = {tag: KINDS.index(kind) for kind, tags in KIND_TAGS.items() for tag in tags.split()}
    elements, element_numbers, bits, attributes, attribute_numbers = element_tables()
    return Tables(
        elements=elements,
        element_numbers=element_numbers,
        bits=bits,
        attributes=attributes,
        attribute_numbers=attribute_numbers,
        references=reference_tables()[0],
        reference_values=reference_tables()[1],
        words=build_trie(kind_of_word),
        endings=build_trie(
            {word[::-1]: kind for word, kind in kind_of_word.items() if len(word) >= LONG or word in LONG_ENDINGS}
        ),
        kinds=np.array([0, *(kind_of_tag.get(name, 0) for name in NAMES)]),
        masks=np.array([0, *((name in ("main", "article")) << MAIN for name in NAMES)]),
        soft=SOFT,
        content=CONTENT,
    )


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

"""Descriptions: what is cheap to measure about each block of a page's text, by compiled code."""

from __future__ import annotations

import numpy as np
from numba import types

from corpus.extract.kernels.phrases import HAS_FRAME_WORDS, IS_SENTENCE, IS_TITLE, holds_phrase, match_beginning
from corpus.extract.kernels.writer import BLOCK, HEADING
from corpus.text.codepoints import CODE, UNSPACED_BIT
from corpus.text.compiled import FACTOR, SEED, SHIFT, kernel

FRAME_WIDTH, WORDS_WIDTH = 80, 400  # columns: longer lines are not searched for phrases


@kernel
def _is_part(text, start, end, title, table):
    """Whether a block stands in the page's title, in whatever case."""
    for first in range(len(title) - (end - start) + 1):
        same = 0
        while start + same < end and (table[text[start + same]] ^ table[title[first + same]]) & CODE == 0:
            same += 1
        if start + same == end:
            return True
    return False


@kernel
def _hash(text, start, end):
    """Of a block's characters, two at a time; never 0."""
    state = SEED ^ types.uint64(end - start)
    position = start
    while position + 1 < end:
        state = (state ^ (types.uint64(text[position]) << types.uint64(32) | types.uint64(text[position + 1]))) * FACTOR
        state ^= state >> SHIFT
        position += 2
    if position < end:
        state = (state ^ types.uint64(text[position])) * FACTOR
    return state ^ (state >> SHIFT) | types.uint64(1)


@kernel
def _firsts(text, blocks, found):
    """Fills the column "first": the number of the first block of the same text."""
    size = 16
    while size < 2 * found:
        size *= 2
    keys, numbers = np.zeros(size, np.uint64), np.empty(size, np.int64)
    for block in range(found):
        key = _hash(text, blocks[block, BLOCK.start], blocks[block, BLOCK.end])
        slot = types.int64(key >> types.uint64(20)) & (size - 1)
        while keys[slot] != 0 and keys[slot] != key:
            slot = (slot + 1) & (size - 1)
        if keys[slot] == 0:
            keys[slot], numbers[slot] = key, block
        blocks[block, BLOCK.first] = numbers[slot]


@kernel
def _flags(text, start, end, width, tag, title, table, ends, letters, begin, endings, inside):
    """The flags of a block."""
    flags = 0
    for sign in ends:
        if text[end - 1] == sign:
            flags = IS_SENTENCE
    if width < WORDS_WIDTH and holds_phrase(text, start, end, letters, inside):
        flags |= HAS_FRAME_WORDS
    if tag == HEADING and 3 < width < WORDS_WIDTH and _is_part(text, start, end, title, table):
        flags |= IS_TITLE
    if width < FRAME_WIDTH:
        flags |= match_beginning(text, start, end, table, letters, begin, endings)
    return flags


@kernel
def describe_blocks(text, blocks, title, table, ends, letters, begin, endings, inside):
    """Fills the columns width, flags and first of blocks whose other columns are known. `title` is the page's in code
    points, `table` that of corpus/text/codepoints, `ends` what a sentence ends with; the tables after it are of
    kernels/phrases."""
    for block in range(len(blocks)):
        start, end = blocks[block, BLOCK.start], blocks[block, BLOCK.end]
        wide = 0
        for position in range(start, end):
            code = text[position]
            if code >= 0x80:
                wide += table[code] & UNSPACED_BIT != 0 or 0xAC00 <= code <= 0xD7A3
        width = end - start + 3 * wide // 2
        blocks[block, BLOCK.width] = width
        blocks[block, BLOCK.flags] = _flags(
            text, start, end, width, blocks[block, BLOCK.tag], title, table, ends, letters, begin, endings, inside
        )
    _firsts(text, blocks, len(blocks))

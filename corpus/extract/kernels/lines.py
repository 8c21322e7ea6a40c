"""Lines: the compiled pass over the parser's text of a page, with its few tags and the marks of regions, that finds the
blocks. See corpus/extract/blocks."""

from __future__ import annotations

import numpy as np
from numba import types

from corpus.extract.kernels.phrases import HAS_FRAME_WORDS, IS_SENTENCE, IS_TITLE, holds_phrase, match_beginning
from corpus.text.codepoints import CODE, SPACE_BIT, UNSPACED_BIT, decode_character
from corpus.text.compiled import FACTOR, SEED, SHIFT, kernel, number_names

LINE, PARAGRAPH, HEADING, PREFORMATTED = range(4)
BLOCK_COLUMNS = ("start", "end", "width", "linked", "tag", "region", "flags", "first")  # see corpus/extract/blocks
BLOCK = number_names(BLOCK_COLUMNS)
MAX_LINK_LINES = 4  # a link that goes on for longer was never closed
FRAME_WIDTH, WORDS_WIDTH = 80, 400  # columns: longer lines are not searched for phrases

PADDING = "\n" * 8  # after the text, so that no lookahead needs to know where it ends

NEWLINE, MARK, LESS, MORE, AMPERSAND, QUOTE, SEMICOLON = 10, 1, *b'<>&";'
ZERO, NINE, SLASH, A, B, G, H, L, P, Q, R, T = b"09/abghlpqrt"
LINK = np.array([*b'<a href="'], np.uint8)
RE, AMP, QUOT = np.array([*b"re>"], np.uint8), np.array([*b"amp;"], np.uint8), np.array([*b"quot;"], np.uint8)
NO_TAG, LINK_TAG, LINK_END_TAG, P_TAG, HEADING_TAG, PRE_TAG, PRE_END_TAG, BREAK_TAG, END_TAG = range(9)


@kernel
def _at(text, position, wanted):
    """Whether that is what stands at a position."""
    number = 0
    while number < len(wanted) and text[position + number] == wanted[number]:
        number += 1
    return number == len(wanted)


@kernel
def _mark(text, position):
    """(region, characters) of the mark at a position; no characters where there is none."""
    region, end = types.int64(0), position + 1
    while end < position + 6 and ZERO <= text[end] <= NINE:
        region = 10 * region + text[end] - ZERO
        end += 1
    return region, end + 1 - position if end > position + 1 and text[end] == SEMICOLON else 0


@kernel
def _tag(text, position):
    """(kind, characters) of the tag at a position: of one of those that the parser writes. A "<" of the page itself is
    an entity there."""
    first = text[position + 1]
    if first == A and _at(text, position, LINK):
        end = position + len(LINK)
        while end < len(text) - 1 and text[end] != QUOTE:
            end += 1
        return (LINK_TAG, end + 2 - position) if text[end + 1] == MORE else (NO_TAG, 0)
    if first == SLASH:
        second = text[position + 2]
        if second == A and text[position + 3] == MORE:
            return LINK_END_TAG, 4
        if second == P and text[position + 3] == MORE:
            return END_TAG, 4
        if second == P and _at(text, position + 3, RE):
            return PRE_END_TAG, 6
        if second == H and text[position + 4] == MORE:
            return END_TAG, 5
    elif first == P:
        if text[position + 2] == MORE:
            return P_TAG, 3
        if _at(text, position + 2, RE):
            return PRE_TAG, 5
    elif first == B and text[position + 2] == R and text[position + 3] == MORE:
        return BREAK_TAG, 4
    elif first == H and text[position + 3] == MORE:
        return HEADING_TAG, 4
    return NO_TAG, 0


@kernel
def _entity(text, position):
    """(code point, characters) of what the parser writes for the four signs of HTML."""
    first = text[position + 1]
    if first == A and _at(text, position + 1, AMP):
        return AMPERSAND, 5
    if first == Q and _at(text, position + 1, QUOT):
        return QUOTE, 6
    if first in (L, G) and text[position + 2] == T and text[position + 3] == SEMICOLON:
        return LESS if first == L else MORE, 4
    return AMPERSAND, 1


@kernel
def _is_edge(table, tag, code):
    """Whether a character is left out at a block's start and end: white space; of preformatted ones, newlines."""
    if tag == PREFORMATTED:
        return code == NEWLINE
    if code < 0x80:
        return code == 32 or 9 <= code <= 13 or 28 <= code <= 31
    return table[code] & SPACE_BIT != 0


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
def split_blocks(source, regions, title, table, ends, letters, begin, endings, inside, text, blocks):
    """Fills the code points of the blocks' text, a newline between them, and a row for each block; how many of both.
    `source` is UTF-8 and ends with PADDING, `regions` is their number, `title` the page's in code points, `table` that
    of corpus/text/codepoints, `ends` what a sentence ends with; the tables after it are of kernels/phrases."""
    size, position = len(source) - len(PADDING), 0
    written = found = region = link_lines = 0
    while position < size:
        if source[position] == NEWLINE:
            position += 1
            continue
        if source[position] == MARK:
            number, length = _mark(source, position)
            if length:  # a page may have written a mark of its own
                region = min(number, regions - 1)
                position += length
                continue
        tag = LINE
        if source[position] == LESS:
            kind, length = _tag(source, position)
            if kind == P_TAG:
                tag = PARAGRAPH
            elif kind == HEADING_TAG:
                tag = HEADING
            elif kind == PRE_TAG:
                tag = PREFORMATTED
        start = written
        linked = wide = 0
        in_link, links = link_lines > 0, False
        ascii_only = True
        while position < size:
            code, step = types.int64(source[position]), types.int64(1)
            if code == NEWLINE:
                if tag != PREFORMATTED:
                    break
            elif code == MARK:
                number, length = _mark(source, position)
                if length:
                    if tag != PREFORMATTED:
                        break
                    region = min(number, regions - 1)
                    code, step = NEWLINE, length
            elif code == LESS:
                kind, length = _tag(source, position)
                if kind == BREAK_TAG and tag == PREFORMATTED:
                    code, step = NEWLINE, length
                elif kind:
                    position += length
                    if kind == PRE_END_TAG and tag == PREFORMATTED:
                        break
                    if kind in (LINK_TAG, LINK_END_TAG):
                        in_link, links = kind == LINK_TAG, True
                    continue
            elif code == AMPERSAND:
                code, step = _entity(source, position)
            linked += step if in_link else 0
            if code >= 0x80:
                code, step = decode_character(source, position, size)
                ascii_only = False
                wide += table[code] & UNSPACED_BIT != 0 or 0xAC00 <= code <= 0xD7A3
            position += step
            if written > start or not _is_edge(table, tag, code):
                text[written] = code
                written += 1
        if links:
            link_lines = 1 if in_link else 0
        elif link_lines:
            link_lines = link_lines + 1 if link_lines < MAX_LINK_LINES else 0
        while written > start and _is_edge(table, tag, text[written - 1]):
            written -= 1
        if written == start:
            continue
        width = written - start if ascii_only else written - start + 3 * wide // 2
        flags = _flags(text, start, written, width, tag, title, table, ends, letters, begin, endings, inside)
        blocks[found, BLOCK.start], blocks[found, BLOCK.end], blocks[found, BLOCK.width] = start, written, width
        blocks[found, BLOCK.linked], blocks[found, BLOCK.tag] = linked, tag
        blocks[found, BLOCK.region], blocks[found, BLOCK.flags] = region, flags
        found += 1
        text[written] = NEWLINE
        written += 1
    _firsts(text, blocks, found)
    return max(0, written - 1), found

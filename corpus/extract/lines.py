"""Lines: the compiled pass over the parser's text of a page, with its few tags and the marks of regions, that finds the
blocks. See corpus/extract/blocks."""

from __future__ import annotations

import numpy as np
from numba import types

from corpus.codepoints import FACTOR, SEED, SHIFT, SPACE_BIT, UNSPACED_BIT, compiled
from corpus.extract.phrases import HAS_FRAME_WORDS, IS_SENTENCE, begins_with, holds

LINE, PARAGRAPH, HEADING, PREFORMATTED = range(4)
START, END, WIDTH, LINKED, TAG, REGION, FLAGS, FIRST = range(8)  # columns of a block: see corpus/extract/blocks
COLUMNS = 8
MAX_LINK_LINES = 4  # a link that goes on for longer was never closed
FRAME_WIDTH, WORDS_WIDTH = 80, 400  # columns: longer lines are not looked through for phrases

NEWLINE, MARK, LESS, MORE, AMPERSAND, QUOTE, SEMICOLON, SLASH, H = 10, 1, 60, 62, 38, 34, 59, 47, 104
LINK, LINK_END = np.array([*b'<a href="'], np.uint8), np.array([*b"</a>"], np.uint8)
PRE, PRE_END, P = np.array([*b"<pre>"], np.uint8), np.array([*b"</pre>"], np.uint8), np.array([*b"<p>"], np.uint8)
P_END, BREAK = np.array([*b"</p>"], np.uint8), np.array([*b"<br>"], np.uint8)
AMP, LT, GT = np.array([*b"&amp;"], np.uint8), np.array([*b"&lt;"], np.uint8), np.array([*b"&gt;"], np.uint8)
QUOT = np.array([*b"&quot;"], np.uint8)


@compiled
def _at(text, place, wanted):  # type: ignore[no-untyped-def]
    """Whether that is what stands at a place."""
    if place + len(wanted) > len(text):
        return False
    for number in range(len(wanted)):
        if text[place + number] != wanted[number]:
            return False
    return True


@compiled
def _mark(text, place):  # type: ignore[no-untyped-def]
    """(region, characters) of the mark at a place; no characters where there is none."""
    region, end = 0, place + 1
    while end < len(text) and end < place + 6 and 48 <= text[end] <= 57:
        region = 10 * region + text[end] - 48
        end += 1
    if end == place + 1 or end >= len(text) or text[end] != SEMICOLON:
        return types.int64(0), types.int64(0)
    return types.int64(region), types.int64(end + 1 - place)


@compiled
def _ends_line(text, place):  # type: ignore[no-untyped-def]
    """Whether a line ends at a place: at a newline, a mark, or the end of the text."""
    return place >= len(text) or text[place] == NEWLINE or (text[place] == MARK and _mark(text, place)[1] > 0)


@compiled
def _link(text, place):  # type: ignore[no-untyped-def]
    """The characters of the <a> at a place, 0 where there is none."""
    if not _at(text, place, LINK):
        return 0
    end = place + len(LINK)
    while end < len(text) and text[end] != QUOTE:
        end += 1
    return end + 2 - place if end + 1 < len(text) and text[end + 1] == MORE else 0


@compiled
def _tag(text, place):  # type: ignore[no-untyped-def]
    """The characters of the tag at a place, 0 where there is none: of those that a link is not."""
    if _at(text, place, P):
        return 3
    if _at(text, place, P_END) or _at(text, place, BREAK):
        return 4
    if _at(text, place, PRE):
        return 5
    if _at(text, place, PRE_END):
        return 6
    end = place + 2 if place + 1 < len(text) and text[place + 1] == SLASH else place + 1
    heading = end + 2 < len(text) and text[end] == H and 49 <= text[end + 1] <= 54 and text[end + 2] == MORE
    return end + 3 - place if heading else 0


@compiled
def _entity(text, place):  # type: ignore[no-untyped-def]
    """(code point, characters) of what the parser writes for the four signs of HTML."""
    if _at(text, place, AMP):
        return AMPERSAND, 5
    if _at(text, place, QUOT):
        return QUOTE, 6
    if _at(text, place, LT):
        return LESS, 4
    if _at(text, place, GT):
        return MORE, 4
    return AMPERSAND, 1


@compiled
def _is_space(table, code):  # type: ignore[no-untyped-def]
    if code < 0x80:
        return code == 32 or 9 <= code <= 13 or 28 <= code <= 31
    return table[code] & SPACE_BIT != 0


@compiled
def _hash(text, start, end):  # type: ignore[no-untyped-def]
    """Of a block's characters, two at a time; never 0."""
    state = SEED ^ types.uint64(end - start)
    place = start
    while place + 1 < end:
        state = (state ^ (types.uint64(text[place]) << types.uint64(32) | types.uint64(text[place + 1]))) * FACTOR
        state ^= state >> SHIFT
        place += 2
    if place < end:
        state = (state ^ types.uint64(text[place])) * FACTOR
    return state ^ (state >> SHIFT) | types.uint64(1)


@compiled
def _firsts(text, blocks, found):  # type: ignore[no-untyped-def]
    """Fills FIRST: of each block, the first one of the same text."""
    size = 16
    while size < 2 * found:
        size *= 2
    keys, numbers = np.zeros(size, np.uint64), np.empty(size, np.int64)
    for block in range(found):
        key = _hash(text, blocks[block, START], blocks[block, END])
        slot = types.int64(key >> types.uint64(20)) & (size - 1)
        while keys[slot] != 0 and keys[slot] != key:
            slot = (slot + 1) & (size - 1)
        if keys[slot] == 0:
            keys[slot], numbers[slot] = key, block
        blocks[block, FIRST] = numbers[slot]


@compiled
def split(source, regions, table, ends, letters, begin, kinds, inside, text, blocks):  # type: ignore[no-untyped-def]
    """Fills the code points of the blocks' text, a newline between them, and a row for each block; (code points, blocks).
    `ends`: what a sentence ends with; the tables behind it are those of corpus/extract/phrases."""
    size, place = len(source), 0
    written = found = region = link_lines = 0
    while place < size:
        if source[place] == NEWLINE:
            place += 1
            continue
        if source[place] == MARK:
            number, length = _mark(source, place)
            if length:  # a page may have written a mark of its own
                region = min(number, regions - 1)
                place += length
                continue
        tag = LINE
        if source[place] == LESS:
            length = _tag(source, place)
            if length == 5 and source[place + 1] != SLASH:
                tag = PREFORMATTED
            elif length == 3:
                tag = PARAGRAPH
            elif length == 4 and source[place + 1] == H:
                tag = HEADING
        start = written
        linked = wide = 0
        in_link, links = link_lines > 0, False
        ascii_only = True
        while place < size:
            code, step = types.int64(source[place]), types.int64(1)
            if code == NEWLINE or code == MARK:
                if _ends_line(source, place):
                    if tag != PREFORMATTED:
                        break
                    if code == MARK:
                        number, step = _mark(source, place)
                        region = min(number, regions - 1)
                        code = NEWLINE
            elif code == LESS:
                length = _link(source, place)
                if length:
                    in_link, links = True, True
                    place += length
                    continue
                if _at(source, place, LINK_END):
                    in_link, links = False, True
                    place += 4
                    continue
                if _at(source, place, PRE_END) and tag == PREFORMATTED:
                    place += 6
                    break
                length = _tag(source, place)
                if length and tag == PREFORMATTED and _at(source, place, BREAK):
                    code, step = NEWLINE, length
                elif length:
                    place += length
                    continue
            elif code == AMPERSAND:
                code, step = _entity(source, place)
            linked += step if in_link else 0
            place += step
            if code >= 0x80:
                ascii_only = False
                wide += table[code] & UNSPACED_BIT != 0 or 0xAC00 <= code <= 0xD7A3
            if written > start or not (code == NEWLINE if tag == PREFORMATTED else _is_space(table, code)):
                text[written] = code
                written += 1
        if links:
            link_lines = 1 if in_link else 0
        elif link_lines:
            link_lines = link_lines + 1 if link_lines < MAX_LINK_LINES else 0
        while written > start and (
            text[written - 1] == NEWLINE if tag == PREFORMATTED else _is_space(table, text[written - 1])
        ):
            written -= 1
        if written == start:
            continue
        width = written - start if ascii_only else written - start + 3 * wide // 2
        last = text[written - 1]
        flags = 0
        for number in range(len(ends)):
            if last == ends[number]:
                flags = IS_SENTENCE
        if width < WORDS_WIDTH and holds(text, start, written, letters, inside):
            flags |= HAS_FRAME_WORDS
        if width < FRAME_WIDTH:
            flags |= begins_with(text, start, written, table, letters, begin, kinds)
        blocks[found, START], blocks[found, END], blocks[found, WIDTH] = start, written, width
        blocks[found, LINKED], blocks[found, TAG] = linked, tag
        blocks[found, REGION], blocks[found, FLAGS] = region, flags
        found += 1
        text[written] = NEWLINE
        written += 1
    _firsts(text, blocks, found)
    return max(0, written - 1), found

"""Writer: the characters of a page's text, gathered into blocks by compiled code.

A page's text is one array of code points, a newline between blocks. White space is collapsed, but where it is
preformatted; so are no-break spaces, which indent lines of code and do nothing else that a reader of text needs.
"""

from __future__ import annotations

from numba import types

from corpus.extract.kernels.references import read_reference
from corpus.text.codepoints import decode_character
from corpus.text.compiled import kernel, number_names

LINE, PARAGRAPH, HEADING, PREFORMATTED = range(4)
BLOCK_COLUMNS = (  # see corpus/extract/blocks
    *("start", "end", "width", "linked", "tag", "region", "flags", "first", "element", "depth"),
    *("item", "lists", "table", "named"),
)
BLOCK = number_names(BLOCK_COLUMNS)

# What is known while a page is read. `written` code points and `blocks`; of the block that is being written its
# `start`, `tag`, region, element, depth and characters inside of links (`linked`); whether white space (`space`) or the
# end of a table's cell (`cell`) stands before the next character. Then of how many open elements of a kind the text is
# inside of, the innermost `region`, block `element`, list `item` and `table`, the `depth` and that of `lists` (twice
# it, and one for a numbered list); characters that are hidden and in no link; and the innermost element that has names.
STATE_COLUMNS = (
    *("written", "blocks", "start", "tag", "block_region", "block_element", "block_depth", "linked", "space", "cell"),
    *("block_item", "block_lists", "block_table", "block_named", "item", "lists", "table", "items", "tables"),
    *("link", "preformatted", "code", "heading", "paragraph", "hidden", "skipped", "formula"),
    *("region", "element", "depth", "hidden_characters", "named"),
)
AT = number_names(STATE_COLUMNS)
NEWLINE, TAB, BLANK, NO_BREAK, LESS, AMPERSAND = 10, 9, 32, 0xA0, 60, 38


@kernel
def put(state, points, code):
    """Writes a character that is not white space, and before it what is due."""
    written = state[AT.written]
    if written == state[AT.start]:
        state[AT.block_region], state[AT.block_depth] = state[AT.region], state[AT.depth]
        state[AT.block_element], state[AT.block_item] = state[AT.element], state[AT.item]
        state[AT.block_lists], state[AT.block_table] = state[AT.lists], state[AT.table]
        state[AT.block_named] = state[AT.named]
        state[AT.linked] = 0
        if state[AT.heading]:
            state[AT.tag] = HEADING
        elif state[AT.preformatted]:
            state[AT.tag] = PREFORMATTED
        elif state[AT.paragraph]:
            state[AT.tag] = PARAGRAPH
        else:
            state[AT.tag] = LINE
    elif state[AT.cell]:
        points[written] = TAB
        written += 1
    elif state[AT.space] and points[written - 1] != NEWLINE:
        points[written] = BLANK
        written += 1
    state[AT.space] = state[AT.cell] = 0
    points[written] = code
    state[AT.written] = written + 1
    state[AT.linked] += state[AT.link] > 0


@kernel
def put_blank(state, points, code):
    """White space: as it is where it is preformatted, else due before the next character."""
    if state[AT.preformatted] == 0:
        state[AT.space] = 1
    elif code != NEWLINE or state[AT.written] > state[AT.start]:
        if state[AT.written] == state[AT.start]:
            put(state, points, code)
        else:
            points[state[AT.written]] = code
            state[AT.written] += 1


@kernel
def put_newline(state, points):
    """A new line within the block, which is preformatted from now on."""
    if state[AT.written] > state[AT.start]:
        points[state[AT.written]] = NEWLINE
        state[AT.written] += 1
        state[AT.space] = state[AT.cell] = 0
        if state[AT.tag] != HEADING:
            state[AT.tag] = PREFORMATTED


@kernel
def end_block(state, points, rows):
    """The next character begins a block."""
    start, written = state[AT.start], state[AT.written]
    state[AT.space] = state[AT.cell] = 0
    while written > start and (points[written - 1] == NEWLINE or points[written - 1] == BLANK):
        written -= 1
    state[AT.written] = written
    if written == start:
        return
    block = state[AT.blocks]
    rows[block, BLOCK.start], rows[block, BLOCK.end], rows[block, BLOCK.linked] = start, written, state[AT.linked]
    rows[block, BLOCK.tag], rows[block, BLOCK.region] = state[AT.tag], state[AT.block_region]
    rows[block, BLOCK.element], rows[block, BLOCK.depth] = state[AT.block_element], state[AT.block_depth]
    rows[block, BLOCK.item], rows[block, BLOCK.lists] = state[AT.block_item], state[AT.block_lists]
    rows[block, BLOCK.table], rows[block, BLOCK.named] = state[AT.block_table], state[AT.block_named]
    state[AT.blocks] = block + 1
    points[written] = NEWLINE
    state[AT.written] = state[AT.start] = written + 1


@kernel
def write_text(data, position, end, state, points, reference_keys, reference_values):
    """The text between two positions, in which there is no tag."""
    if state[AT.skipped]:
        return
    if state[AT.hidden]:
        if state[AT.link] == 0:
            for at in range(position, end):
                state[AT.hidden_characters] += data[at] > 32 and data[at] & 0xC0 != 0x80
        return
    verbatim = state[AT.preformatted] > 0
    while position < end:
        byte = data[position]
        second = types.int64(0)
        if byte < 0x80 and byte != AMPERSAND:
            code, step = types.int64(byte), types.int64(1)
        elif byte == AMPERSAND:
            code, second, step = read_reference(data, position, end, reference_keys, reference_values)
        else:
            code, step = decode_character(data, position, end)
        position += step
        if code == 32 or 9 <= code <= 13:
            if code == 13:
                if position < end and data[position] == NEWLINE:
                    continue
                code = types.int64(NEWLINE)
            put_blank(state, points, code)
        elif code == NO_BREAK:
            if verbatim:
                put_blank(state, points, types.int64(BLANK))
            elif state[AT.code]:
                put(state, points, types.int64(BLANK))
            else:
                state[AT.space] = 1
        else:
            put(state, points, code)
            if second:
                put(state, points, second)


@kernel
def write_ascii(text, state, points):
    for code in text:
        put(state, points, types.int64(code))

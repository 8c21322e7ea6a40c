"""Stack: a page's open elements, and what each does to the text in it, followed by compiled code.

Source: the HTML Living Standard, 13.2.6: what ends an element without an end tag, and which end tags are stray.
"""

from __future__ import annotations

from corpus.extract.elements import EL
from corpus.extract.kernels.writer import AT, NEWLINE, end_block, put_newline
from corpus.text.compiled import kernel, number_names

# The columns of an open element: what it is, and what was innermost before it.
OPEN = number_names(("name", "element", "effects", "region", "around", "item", "lists", "table", "named"))
# What an open element does to the text in it (bits), to be undone when it ends.
LINKS, PREFORMATTED, IN_CODE, IN_HEADING, IN_PARAGRAPH, HIDDEN, PASSED_OVER, IN_FORMULA, BREAKS, OF_REGION = (
    1 << bit for bit in range(10)
)


@kernel
def undo(effects, state):
    """An element ends, and with it what it did."""
    state[AT.link] -= effects & LINKS != 0
    state[AT.preformatted] -= effects & PREFORMATTED != 0
    state[AT.code] -= effects & IN_CODE != 0
    state[AT.heading] -= effects & IN_HEADING != 0
    state[AT.paragraph] -= effects & IN_PARAGRAPH != 0
    state[AT.hidden] -= effects & HIDDEN != 0
    state[AT.skipped] -= effects & PASSED_OVER != 0
    state[AT.formula] -= effects & IN_FORMULA != 0


@kernel
def do(effects, state):
    state[AT.link] += effects & LINKS != 0
    state[AT.preformatted] += effects & PREFORMATTED != 0
    state[AT.code] += effects & IN_CODE != 0
    state[AT.heading] += effects & IN_HEADING != 0
    state[AT.paragraph] += effects & IN_PARAGRAPH != 0
    state[AT.hidden] += effects & HIDDEN != 0
    state[AT.skipped] += effects & PASSED_OVER != 0
    state[AT.formula] += effects & IN_FORMULA != 0


@kernel
def break_block(state, points, rows):
    """A block ends or begins: a new line in preformatted text, else a new block."""
    if state[AT.preformatted]:
        if state[AT.written] > state[AT.start] and points[state[AT.written] - 1] != NEWLINE:
            put_newline(state, points)
    else:
        end_block(state, points, rows)


@kernel
def pop(stack, depth, opened, state, points, rows, last, count):
    """The innermost element ends; the depth after it."""
    depth -= 1
    element, effects = stack[depth, OPEN.element], stack[depth, OPEN.effects]
    if effects & BREAKS:
        break_block(state, points, rows)
        if effects & PREFORMATTED and state[AT.preformatted] == 1:
            end_block(state, points, rows)
    state[AT.element], state[AT.depth] = stack[depth, OPEN.around], depth
    state[AT.item], state[AT.lists] = stack[depth, OPEN.item], stack[depth, OPEN.lists]
    state[AT.table], state[AT.named] = stack[depth, OPEN.table], stack[depth, OPEN.named]
    undo(effects, state)
    opened[element] -= 1
    if effects & OF_REGION:
        last[state[AT.region]] = count - 1
        state[AT.region] = stack[depth, OPEN.region]
    return depth


@kernel
def pop_to(place, stack, depth, opened, state, points, rows, last, count):
    """The element at a place ends, and all inside it; the depth after it. A place of -1 is none."""
    while 0 <= place < depth:
        depth = pop(stack, depth, opened, state, points, rows, last, count)
    return depth


@kernel
def place_of(stack, depth, name, bits, boundary):
    """The place of the innermost open element of a name, as far as elements with one of the bits let look; -1."""
    place = depth - 1
    while place >= 0:
        if stack[place, OPEN.name] == name:
            return place
        if bits[stack[place, OPEN.element]] & boundary:
            return -1
        place -= 1
    return -1


@kernel
def ends_before(element):
    """(first, second): open elements that end where one of a name begins, 0 for none."""
    if element == EL.li:
        return EL.li, 0
    if element == EL.dt or element == EL.dd:
        return EL.dt, EL.dd
    if element == EL.td or element == EL.th:
        return EL.td, EL.th
    if element == EL.tr:
        return EL.tr, 0
    if element in (EL.thead, EL.tbody, EL.tfoot):
        return EL.tr, 0
    if element == EL.option:
        return EL.option, 0
    if element in (EL.rt, EL.rp, EL.rb, EL.rtc):
        return EL.rt, EL.rp
    return 0, 0


@kernel
def _is_list(element):
    return element in (EL.ul, EL.ol, EL.menu, EL.dir, EL.dl, EL.table)


@kernel
def place_of_implied(stack, depth, first, second):
    """The place of the open element that ends by itself, as far as its list or table; -1."""
    place = depth - 1
    while place >= 0:
        other = stack[place, OPEN.element]
        if other == first or (second and other == second):
            return place
        if _is_list(other):
            return -1
        place -= 1
    return -1

"""Reader: the compiled pass over a page's source that writes its text, block by block, and follows its containers.

It keeps a stack of open elements as a browser does, as far as that decides about text: what ends a paragraph, a list
item or a table's cell without an end tag; which end tags are stray. Sources: the HTML Living Standard, 13.2.6.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import types

from corpus.extract.elements import (
    AT as ATTRIBUTE,
)
from corpus.extract.elements import (
    BLOCK as IS_BLOCK,
)
from corpus.extract.elements import CONTAINER, EL, ENDS_PARAGRAPH, SCOPE, SKIPPED, VOID, find_name, name_hash
from corpus.extract.kernels.effects import effects_of, is_formula_image, kind_of_attributes
from corpus.extract.kernels.formulas import find_tex, is_exponent, write_mathml, write_tex
from corpus.extract.kernels.markup import LESS, SLASH, as_bytes, find_byte
from corpus.extract.kernels.stack import (
    BREAKS,
    HIDDEN,
    OF_REGION,
    OPEN,
    PASSED_OVER,
    PREFORMATTED,
    break_block,
    do,
    ends_before,
    place_of,
    place_of_implied,
    pop,
    pop_to,
    undo,
)
from corpus.extract.kernels.tags import contains, find_end_tag, read_attributes, skip_attributes, skip_comment
from corpus.extract.kernels.writer import AT, STATE_COLUMNS, end_block, put, put_newline, write_text
from corpus.text.compiled import kernel

MAX_DEPTH = 1_000  # elements inside one another; browsers stop at 512
MAX_REGIONS = 60_000
MAX_SCRIPTS = 16  # of data about the page that are noted
TITLE_BYTES = 4_000


LD_JSON, MATH_TEX = as_bytes("ld+json"), as_bytes("math/tex")


class Tables(NamedTuple):
    """What the pass looks things up in. Of elements and attributes hashes and numbers, and elements' bits; character
    references; tries of words to kinds, and of the same backwards; by element's number, its kind and what is or-ed into
    its kinds; from which kind on another is searched for (`soft`), and that which an attribute may overrule
    (`content`)."""

    elements: np.ndarray
    element_numbers: np.ndarray
    bits: np.ndarray
    attributes: np.ndarray
    attribute_numbers: np.ndarray
    references: np.ndarray
    reference_values: np.ndarray
    words: np.ndarray
    endings: np.ndarray
    kinds: np.ndarray
    masks: np.ndarray
    soft: int
    content: int


@kernel
def _same(data, start, end, other, other_end):
    if end - start != other_end - other or end == start:
        return False
    step = 0
    while step < end - start and data[start + step] == data[other + step]:
        step += 1
    return step == end - start


@kernel
def _has_names(found):
    return found[ATTRIBUTE.classes : ATTRIBUTE.itemprop + 1, 0].max() >= 0


@kernel
def read_markup(data, tables, look, points, rows, kind, kinds, around, last, around_names, names, scripts, title):
    """Writes the text of a page of UTF-8 and follows its containers. `look`, `points`, `rows`: see
    corpus/extract/blocks; `kind` to `last`: corpus/extract/regions. Of the elements that have names, after a first row
    for the page itself, `around_names` (n,) gets the number of the innermost one around, `names` (n, NAMING, 2) the
    places of the names. `scripts` (MAX_SCRIPTS, 2) gets the places of data about the page, `title` (2,) that of its
    title. Returns the numbers of code points, of blocks, of containers, of elements with names and of scripts, and of
    the characters that were hidden."""
    size = types.int64(len(data))
    state = np.zeros(len(STATE_COLUMNS), np.int64)
    stack = np.zeros((MAX_DEPTH, len(OPEN)), np.int64)
    opened = np.zeros(len(tables.bits), np.int64)
    found = np.full((len(ATTRIBUTE), 2), -1, np.int64)
    unquoted = np.full(256, size, np.int64)  # a search that found nothing is not made again
    no_comment = np.full(1, size, np.int64)
    no_end = np.full(len(tables.bits), size, np.int64)
    tex_start = tex_end = types.int64(0)
    depth, count, with_names, noted = 0, 1, 1, 0
    ruby_read = False
    title[:] = 0
    position = types.int64(0)
    while position < size:
        stop = find_byte(data, LESS, position, size)
        while stop + 1 < size and not (
            97 <= data[stop + 1] | 32 <= 122 or data[stop + 1] == SLASH or data[stop + 1] == 33 or data[stop + 1] == 63
        ):
            stop = find_byte(data, LESS, stop + 1, size)  # a sign of its own: a < b
        if stop + 1 >= size:
            stop = size
        if stop > position:
            write_text(data, position, stop, state, points, tables.references, tables.reference_values)
        if stop == size:
            break
        position = stop
        following = data[position + 1]
        if following == 33 or following == 63:
            position = skip_comment(data, position, size, no_comment)
            continue
        closing = following == SLASH
        name = position + 1 + closing
        if closing and not (name < size and 97 <= data[name] | 32 <= 122):
            position = skip_attributes(data, name, size)
            continue
        key, after = name_hash(data, name, size)
        element = find_name(tables.elements, tables.element_numbers, key)
        bits = tables.bits[element]
        if closing:
            position = skip_attributes(data, after, size)
            if element == EL.br or (element == EL.p and opened[element] == 0):
                break_block(state, points, rows)
            elif element == EL.ruby:
                ruby_read = False
            if opened[element] == 0 or bits & VOID:
                continue
            if bits & IS_BLOCK or bits & SCOPE or element == EL.ruby:
                place = place_of(stack, depth, types.int64(key), tables.bits, 0 if bits & SCOPE else SCOPE)
                depth = pop_to(place, stack, depth, opened, state, points, rows, last, count)
            else:
                place = place_of(stack, depth, types.int64(key), tables.bits, SCOPE)
                if place >= 0 and place == depth - 1:
                    depth = pop(stack, depth, opened, state, points, rows, last, count)
                elif place >= 0:  # what is inside goes on without it
                    undo(stack[place, OPEN.effects], state)
                    stack[place, OPEN.name] = stack[place, OPEN.element] = stack[place, OPEN.effects] = 0
                    opened[element] -= 1
                    opened[0] += 1
            if element == EL.td or element == EL.th:
                state[AT.cell] = state[AT.written] > state[AT.start]
            continue
        position = read_attributes(data, after, size, tables.attributes, tables.attribute_numbers, found, unquoted)
        if bits & SKIPPED:
            shadow = element == EL.template and found[ATTRIBUTE.shadowrootmode, 0] >= 0
            if not (shadow or (element == EL.noscript and look.noscript)):
                if position >= no_end[element]:
                    continue
                inside = position
                close, position = find_end_tag(data, name, after, position, size)
                if close == size:
                    no_end[element] = inside
                    position = inside if element != EL.script and element != EL.style else size
                    continue
                if element == EL.script and found[ATTRIBUTE.type, 0] >= 0:
                    start, end = found[ATTRIBUTE.type, 0], found[ATTRIBUTE.type, 1]
                    if contains(data, start, end, MATH_TEX) and not state[AT.hidden]:
                        write_tex(data, inside, close, state, points, tables.references, tables.reference_values)
                    elif contains(data, start, end, LD_JSON) and noted < MAX_SCRIPTS:
                        scripts[noted, 0], scripts[noted, 1] = inside, close
                        noted += 1
                continue
            bits = IS_BLOCK | SCOPE
        if element == EL.title and opened[EL.body] == 0 and position < no_end[element]:
            close, after_title = find_end_tag(data, name, after, position, size)
            if title[1] == 0:
                title[0], title[1] = position, min(close, position + TITLE_BYTES)
            if close == size:
                no_end[element] = position
            position = after_title if close < size else position
            continue
        if element == EL.math and position < no_end[element]:
            close, after_math = find_end_tag(data, name, after, position, size)
            if close == size:
                no_end[element] = position
            else:
                start, end = find_tex(data, position, close, tables.elements, tables.element_numbers)
                if end == 0 and found[ATTRIBUTE.alttext, 0] >= 0:
                    start, end = found[ATTRIBUTE.alttext, 0], found[ATTRIBUTE.alttext, 1]
                if not (state[AT.hidden] or state[AT.skipped]):
                    if end > start:
                        write_tex(data, start, end, state, points, tables.references, tables.reference_values)
                        tex_start, tex_end = start, end
                    else:
                        write_mathml(
                            data,
                            position,
                            close,
                            state,
                            points,
                            tables.elements,
                            tables.element_numbers,
                            tables.references,
                            tables.reference_values,
                        )
                position = after_math
                continue
        if element == EL.img:
            start, end = found[ATTRIBUTE.alt, 0], found[ATTRIBUTE.alt, 1]
            shown = not (state[AT.hidden] or state[AT.skipped] or _same(data, start, end, tex_start, tex_end))
            if shown and is_formula_image(data, found):
                write_tex(data, start, end, state, points, tables.references, tables.reference_values)
            continue
        if element == EL.br:
            if state[AT.preformatted] or state[AT.code]:
                put_newline(state, points)
            else:
                end_block(state, points, rows)
            continue
        if bits & VOID:
            if bits & IS_BLOCK:
                break_block(state, points, rows)
            continue
        if element == EL.sup and is_exponent(data, position, size, state, points):
            put(state, points, types.int64(94))
        if element == EL.rp:
            ruby_read = True
        if bits & ENDS_PARAGRAPH and opened[EL.p]:
            place = place_of_implied(stack, depth, EL.p, 0)
            depth = pop_to(place, stack, depth, opened, state, points, rows, last, count)
        first, second = ends_before(element)
        if (first and opened[first]) or (second and opened[second]):
            place = place_of_implied(stack, depth, first, second)
            depth = pop_to(place, stack, depth, opened, state, points, rows, last, count)
        if element == EL.a and opened[EL.a] and depth and stack[depth - 1, OPEN.element] == EL.a:
            depth = pop(stack, depth, opened, state, points, rows, last, count)
        effects = effects_of(data, name, position, element, bits, found, look.has_tex, look.has_mathml, state)
        if look.hidden:
            effects &= ~HIDDEN
        if element == EL.rt and ruby_read:
            effects &= ~PASSED_OVER
        if effects & BREAKS:
            break_block(state, points, rows)
            if effects & PREFORMATTED and not state[AT.preformatted]:
                end_block(state, points, rows)
        if (element == EL.td or element == EL.th) and state[AT.written] > state[AT.start]:
            state[AT.cell] = 1
        if depth == MAX_DEPTH:
            continue
        region = state[AT.region]
        if bits & CONTAINER and count < MAX_REGIONS:
            own = tables.kinds[element]
            if own == 0 or own == tables.content:
                named = kind_of_attributes(data, found, tables)
                own = named if named else own
            kind[count] = own if own else kind[region]
            kinds[count] = kinds[region] | tables.masks[element] | (types.int64(1) << own if own else types.int64(0))
            around[count], last[count] = region, count
            state[AT.region] = count
            count += 1
            effects |= OF_REGION
        stack[depth, OPEN.name], stack[depth, OPEN.element] = types.int64(key), element
        stack[depth, OPEN.effects], stack[depth, OPEN.region] = effects, region
        stack[depth, OPEN.around], stack[depth, OPEN.item] = state[AT.element], state[AT.item]
        stack[depth, OPEN.lists], stack[depth, OPEN.table] = state[AT.lists], state[AT.table]
        stack[depth, OPEN.named] = state[AT.named]
        if bits & IS_BLOCK and with_names < len(around_names) and _has_names(found):
            around_names[with_names] = state[AT.named]
            names[with_names] = found[ATTRIBUTE.classes : ATTRIBUTE.itemprop + 1]
            state[AT.named] = with_names
            with_names += 1
        if element == EL.li:
            state[AT.items] += 1
            state[AT.item] = state[AT.items]
        elif element in (EL.ul, EL.ol, EL.menu, EL.dir):
            state[AT.lists] = (state[AT.lists] // 2 + 1) * 2 + (element == EL.ol)
        elif element == EL.table:
            state[AT.tables] += 1
            state[AT.table] = state[AT.tables]
        if bits & (IS_BLOCK | SCOPE):
            state[AT.element] = element
        depth += 1
        state[AT.depth] = depth
        opened[element] += 1
        do(effects, state)
    pop_to(0, stack, depth, opened, state, points, rows, last, count)
    end_block(state, points, rows)
    last[0] = count - 1
    return max(0, state[AT.written] - 1), state[AT.blocks], count, with_names, noted, state[AT.hidden_characters]

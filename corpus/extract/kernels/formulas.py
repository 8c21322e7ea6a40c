"""Formulas: mathematics written once, by compiled code: its TeX where the page has it, else its signs in a row.

Pages hold a formula two or three times: for eyes, for screen readers, and as source. Sources: MathML Core; MathJax 2
and 3; KaTeX; MediaWiki's Math extension.
"""

from __future__ import annotations

import numpy as np
from numba import types

from corpus.extract.elements import EL, find_name, name_hash
from corpus.extract.kernels.markup import LESS, SLASH, as_bytes, find_byte
from corpus.extract.kernels.tags import contains, find_end_tag, skip_attributes
from corpus.extract.kernels.writer import AT, put, write_text
from corpus.text.compiled import kernel

DOLLAR = 36
TEX, DISPLAY_STYLE, TEXT_STYLE = map(as_bytes, ("tex", r"{\displaystyle", r"{\textstyle"))
MAX_EXPONENT = 24  # bytes
MAX_NESTED = 64


@kernel
def write_tex(data, start, end, state, points, reference_keys, reference_values):
    """TeX between dollar signs, as $x^2$; nothing where there is none."""
    while start < end and data[start] <= 32:
        start += 1
    while start < end and data[end - 1] <= 32:
        end -= 1
    for style in (DISPLAY_STYLE, TEXT_STYLE):
        if end - start > len(style) and data[end - 1] == 125 and contains(data, start, start + len(style), style):
            start, end = start + len(style), end - 1
            while start < end and data[start] <= 32:
                start += 1
    while start < end and data[start] == DOLLAR and data[end - 1] == DOLLAR and end - start > 1:
        start, end = start + 1, end - 1
    if start >= end:
        return
    put(state, points, types.int64(DOLLAR))
    preformatted, state[AT.preformatted] = state[AT.preformatted], 0
    write_text(data, start, end, state, points, reference_keys, reference_values)
    state[AT.preformatted], state[AT.space] = preformatted, 0
    put(state, points, types.int64(DOLLAR))


@kernel
def find_tex(data, position, end, keys, numbers):
    """(start, end) of the TeX that a formula of MathML is annotated with between two positions; (0, 0) where there is
    none."""
    while position < end:
        position = find_byte(data, LESS, position, end)
        if position + 1 >= end:
            break
        key, after = name_hash(data, position + 1, end)
        if find_name(keys, numbers, key) == EL.annotation:
            inside = skip_attributes(data, after, end)
            if contains(data, after, inside, TEX):
                stop, _ = find_end_tag(data, position + 1, after, inside, end)
                return inside, stop
        position += 1
    return types.int64(0), types.int64(0)


@kernel
def write_mathml(data, position, end, state, points, keys, numbers, reference_keys, reference_values):
    """The signs of a formula of MathML one after another, with "^", "_" and "/" where elements mean them."""
    scripts = np.zeros(MAX_NESTED, np.int64)  # of the open elements: which they are, and their children so far
    children = np.zeros(MAX_NESTED, np.int64)
    depth = 0
    while position < end:
        stop = find_byte(data, LESS, position, end)
        write_text(data, position, stop, state, points, reference_keys, reference_values)
        state[AT.space] = 0
        if stop + 1 >= end:
            return
        closing = data[stop + 1] == SLASH
        key, after = name_hash(data, stop + 1 + closing, end)
        number = find_name(keys, numbers, key)
        position = skip_attributes(data, after, end)
        if closing:
            depth = max(0, depth - 1)
            continue
        if number == EL.annotation:
            _, position = find_end_tag(data, stop + 1, after, position, end)
            continue
        if data[position - 2] == SLASH:
            continue
        if 0 < depth <= MAX_NESTED:
            around, before = scripts[depth - 1], children[depth - 1]
            children[depth - 1] += 1
            if before == 1:
                if around in (EL.msup, EL.mover):
                    put(state, points, types.int64(94))
                elif around in (EL.msub, EL.munder, EL.msubsup, EL.munderover):
                    put(state, points, types.int64(95))
                elif around == EL.mfrac:
                    put(state, points, types.int64(47))
            elif before == 2 and around in (EL.msubsup, EL.munderover):
                put(state, points, types.int64(94))
        if depth < MAX_NESTED:
            scripts[depth], children[depth] = number, 0
        depth += 1


@kernel
def is_exponent(data, position, end, state, points):
    """Whether the text of the <sup> whose start tag ends at a position is an exponent: 10<sup>6</sup>, km<sup>2</sup>;
    not a mark of a note, nor 1<sup>st</sup>."""
    written, start = state[AT.written], state[AT.start]
    if written == start or state[AT.space]:
        return False
    stop = position
    while stop < end and stop - position < MAX_EXPONENT and data[stop] != LESS:
        stop += 1
    if stop == position or stop + 1 >= end or data[stop] != LESS or data[stop + 1] != SLASH:
        return False
    first = data[position]
    minus = first == 45 or first == 43 or first == 0xE2 or first == 38  # -, +, U+2212, &minus;
    number = 48 <= first <= 57 or (minus and stop > position + 1)
    letter = 97 <= first | 32 <= 122 and (stop == position + 1 or not 97 <= data[position + 1] | 32 <= 122)
    if not (number or letter):
        return False
    last = points[written - 1]
    if 48 <= last <= 57 or last == 41 or last == 93:
        return number or first == 110 or first == 120 or first == 107  # n, x, k: 1<sup>e</sup> is French
    letters = 0
    while letters < 3 and written - 1 - letters >= start and 97 <= points[written - 1 - letters] | 32 <= 122:
        letters += 1
    return 0 < letters < 3 and (number or letters == 1)

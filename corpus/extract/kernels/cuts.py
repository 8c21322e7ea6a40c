"""Cuts: the compiled pass that leaves out of a page what is no text of it, often half of its bytes."""

from __future__ import annotations

import numpy as np
from numba import types

from corpus.extract.kernels.markup import (
    DASH,
    EXCLAMATION,
    GREATER,
    LESS,
    SLASH,
    copy_bytes,
    equal_bytes,
    find_byte,
    find_paragraph,
    name_at,
)
from corpus.text.compiled import kernel

COMMENT, NAVIGATION, OTHER = 1, 2, 4  # by number: a comment; from 2 on elements that may have text; from 4 on others
NUMBERS = 16


@kernel
def cut_page(data, names, out):
    """Copies a page's bytes, except comments, elements whose content is no text, and navigation that has no paragraph
    in it; how many it copied. `names` are the elements' numbers; `out` has room for all bytes."""
    size = len(data)
    # Each end is searched for once, or a page of "<!--" or of "<nav>" would take the square of its length.
    unclosed = np.zeros(NUMBERS, np.bool_)
    ends = np.zeros(NUMBERS, np.int64)
    position = written = copied = paragraph = types.int64(0)
    while True:
        start = find_byte(data, LESS, position, size)
        if start >= size:
            return copy_bytes(out, written, data, copied, size)
        position = start + 1
        if (
            start + 4 <= size
            and data[position] == EXCLAMATION
            and data[position + 1] == DASH
            and data[position + 2] == DASH
        ):
            number, at = COMMENT, start + 4
        else:
            number, at = name_at(data, position, size, names)
        if number == 0:
            continue
        position = at
        if unclosed[number]:
            continue
        has_text = NAVIGATION <= number < OTHER
        end = ends[number] if has_text else types.int64(0)
        if end <= position:
            end = _comment_end(data, position, size) if number == COMMENT else _end(data, start + 1, position, size)
            if end == 0:
                unclosed[number] = True
                continue
        if has_text:
            ends[number] = end
            if paragraph < position:
                paragraph = find_paragraph(data, position, size)
            if paragraph < end:
                continue
        written = copy_bytes(out, written, data, copied, start)
        position = copied = end


@kernel
def _comment_end(data, position, end):
    """After the next end of a comment; 0 where there is none."""
    at = position + 2
    while at < end:
        at = find_byte(data, GREATER, at, end)
        if at < end and data[at - 1] == DASH and data[at - 2] == DASH:
            return at + 1
        at += 1
    return types.int64(0)


@kernel
def _end(data, name, position, end):
    """After the next tag that closes the element whose name ends at `position`; 0 where there is none."""
    size = position - name
    at = position
    while True:
        at = find_byte(data, LESS, at, end)
        if at + 2 + size > end:
            return types.int64(0)
        if data[at + 1] == SLASH and equal_bytes(data, at + 2, name, size):
            close = find_byte(data, GREATER, at + 2 + size, end)
            return close + 1 if close < end else types.int64(0)
        at += 1

"""Styles: what an element's style attribute does to its text, read by compiled code: hides it, keeps its blanks, or
puts it on a line of its own."""

from __future__ import annotations

import numpy as np

from corpus.extract.kernels.markup import as_bytes
from corpus.text.compiled import kernel

HIDES, PREFORMATS, BLOCKS = 1, 2, 4  # bits
MAX_STYLE = 600  # bytes that are looked at
FAR = 3  # digits of an offset that leads off the screen


NONE, INVISIBLE = as_bytes(";display:none"), as_bytes(";visibility:hidden")
ABSOLUTE, FIXED = as_bytes(";position:absolute"), as_bytes(";position:fixed")
LEFT, TOP, INDENT = as_bytes(";left:-"), as_bytes(";top:-"), as_bytes(";text-indent:-")
NO_SIZE, NO_WIDTH, NO_HEIGHT = as_bytes(";font-size:0"), as_bytes(";width:0"), as_bytes(";height:0")
CLIPPED, BLANKS, WRAPPED = (
    as_bytes(";overflow:hidden"),
    as_bytes(";white-space:pre"),
    as_bytes(";white-space:break-spaces"),
)
BLOCK, FLEX, GRID = as_bytes(";display:block"), as_bytes(";display:flex"), as_bytes(";display:grid")
TABLE, ITEM = as_bytes(";display:table;"), as_bytes(";display:list-item")


@kernel
def _find(style, size, wanted):
    """The position after the wanted bytes, or -1."""
    for start in range(size - len(wanted) + 1):
        step = 0
        while step < len(wanted) and style[start + step] == wanted[step]:
            step += 1
        if step == len(wanted):
            return start + step
    return -1


@kernel
def _is_far(style, size, wanted):
    """Whether a negative offset of that property has FAR digits."""
    position = _find(style, size, wanted)
    digits = 0
    while position >= 0 and position + digits < size and 48 <= style[position + digits] <= 57:
        digits += 1
    return digits >= FAR


@kernel
def _is_zero(style, size, wanted):
    """Whether a size is nothing, in whatever unit: not the beginning of 0.8em."""
    position = _find(style, size, wanted)
    return position >= 0 and style[position] != 46 and not 48 <= style[position] <= 57


@kernel
def read_style(data, start, end):
    """The bits of the style between two positions."""
    style = np.empty(MAX_STYLE + 2, np.uint8)
    style[0], size = 59, 1
    for position in range(start, min(end, start + MAX_STYLE)):
        byte = data[position]
        if byte > 32:
            style[size] = byte + 32 if 65 <= byte <= 90 else byte
            size += 1
    style[size] = 59
    size += 1
    bits = 0
    away = _find(style, size, ABSOLUTE) >= 0 or _find(style, size, FIXED) >= 0
    if (
        _find(style, size, NONE) >= 0
        or _find(style, size, INVISIBLE) >= 0
        or (away and (_is_far(style, size, LEFT) or _is_far(style, size, TOP)))
        or _is_far(style, size, INDENT)
        or _is_zero(style, size, NO_SIZE)
        or (_is_zero(style, size, NO_WIDTH) and _is_zero(style, size, NO_HEIGHT) and _find(style, size, CLIPPED) >= 0)
    ):
        bits |= HIDES
    if _find(style, size, BLANKS) >= 0 or _find(style, size, WRAPPED) >= 0:
        bits |= PREFORMATS
    if (
        _find(style, size, BLOCK) >= 0
        or _find(style, size, FLEX) >= 0
        or _find(style, size, GRID) >= 0
        or _find(style, size, TABLE) >= 0
        or _find(style, size, ITEM) >= 0
    ):
        bits |= BLOCKS
    return bits

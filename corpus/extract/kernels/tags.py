"""Tags: the compiled pass that follows a page's containers, and writes a mark wherever text of another one begins."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import types

from corpus.extract.kernels.cuts import cut_page
from corpus.extract.kernels.markup import (
    GREATER,
    LESS,
    SLASH,
    VALUE,
    copy_bytes,
    count_characters,
    find_byte,
    find_paragraph,
    name_at,
    next_node,
)
from corpus.extract.kernels.names import kind_of
from corpus.text.codepoints import SPACE_BIT, decode_character
from corpus.text.compiled import kernel, number_names

MAX_REGIONS = 60_000
MAX_DEPTH = 1_000  # elements inside one another; browsers stop at 512, parsers take the square of it
MAX_LOOK_BACK = 8  # open elements searched for the one that a tag closes
MAX_MARK = 7  # bytes
SHORTEST_TAG = 5  # bytes
TAG_COLUMNS = ("start", "name_end", "end", "number")
TAG = number_names(TAG_COLUMNS)


class Tables(NamedTuple):
    """What the pass looks things up in. Tries: `cuts` see corpus.extract.kernels.cuts, `containers` by number from 1,
    `attributes` those whose words count, `words` to kinds, `endings` the same backwards, `kept` what the parser uses.

    `kinds` of containers; `masks` what is or-ed into a container's kinds; `emptied` for each kind whether an element
    of it is cut when it has no paragraph; `soft`: from this kind on another one is searched for; `content`: the kind
    that an attribute may overrule; `points` the table of code points."""

    cuts: np.ndarray
    containers: np.ndarray
    attributes: np.ndarray
    words: np.ndarray
    endings: np.ndarray
    kept: np.ndarray
    kinds: np.ndarray
    masks: np.ndarray
    emptied: np.ndarray
    soft: int
    content: int
    sentinel: int
    points: np.ndarray


@kernel
def _tags(data, containers):
    """A row for each tag of a container: start, end of the name, end, number, which is below zero for a closing one."""
    size = len(data)
    found = np.empty((size // SHORTEST_TAG + 1, len(TAG)), np.int64)
    tags = position = 0
    while True:
        start = find_byte(data, LESS, position, size)
        if start >= size:
            return found[:tags]
        position = start + 1
        closing = position < size and data[position] == SLASH
        number, name_end = name_at(data, position + closing, size, containers)
        if number == 0:
            continue
        position = name_end
        while position < size and data[position] != GREATER and data[position] != LESS:
            position += 1
        if position < size and data[position] == GREATER:
            found[tags, TAG.start], found[tags, TAG.name_end], found[tags, TAG.end] = start, name_end, position + 1
            found[tags, TAG.number] = -number if closing else number
            tags += 1


@kernel
def _is_blank(data, position, end, points):
    while position < end:
        if 32 < data[position] < 0x7F:  # most often, and known without the table
            return False
        code, step = decode_character(data, position, end)
        if not points[code] & SPACE_BIT:
            return False
        position += step
    return True


@kernel
def _has(data, start, end, names):
    """Whether one of the names stands anywhere between two positions."""
    for position in range(types.uint64(start), types.uint64(end)):
        if not 97 <= data[position] <= 122:
            continue
        node, at = next_node(names, 0, data[position]), types.int64(position)
        while node:
            if names[node, VALUE]:
                return True
            at += 1
            if at >= end or not 97 <= data[at] <= 122:
                break
            node = next_node(names, node, data[at])
    return False


@kernel
def _write_mark(out, at, sentinel, number):
    out[at] = sentinel
    digits, rest = 1, number // 10
    while rest:
        digits, rest = digits + 1, rest // 10
    for digit in range(digits, 0, -1):
        out[at + digit] = 48 + number % 10
        number //= 10
    out[at + digits + 1] = 59
    return at + digits + 2


@kernel
def mark_tags(page, tables):
    """The bytes of a page -> (the same without what is cut and with marks, and the columns of its Regions: kind, kinds,
    around, last)."""
    data = np.empty(len(page), np.uint8)
    data = data[: cut_page(page, tables.cuts, data)]
    size = len(data)
    tags = _tags(data, tables.containers)
    out = np.empty(size + MAX_MARK * len(tags), np.uint8)
    capacity = min(len(tags) + 1, MAX_REGIONS)
    kind, kinds = np.zeros(capacity, np.int64), np.zeros(capacity, np.int64)
    around, last = np.zeros(capacity, np.int64), np.zeros(capacity, np.int64)
    count = 1
    names = np.zeros(MAX_DEPTH, np.int64)  # of the open elements
    numbers = np.zeros(MAX_DEPTH + 1, np.int64)  # of their regions, from the page itself on
    opened = np.zeros(len(tables.kinds), np.int64)
    depth = here = marked = types.int64(0)
    limit = types.int64(0)
    for tag in range(len(tags)):
        limit += count_characters(data, tags[tag, TAG.end], tags[tag + 1, TAG.start] if tag + 1 < len(tags) else size)
    limit //= 2
    emptied = start = types.int64(0)  # the outermost region that may be emptied, and where its text starts
    at = copy_bytes(out, 0, data, 0, tags[0, TAG.start] if len(tags) else size)
    for tag in range(len(tags)):
        name_end, end, name = tags[tag, TAG.name_end], tags[tag, TAG.end], tags[tag, TAG.number]
        if name < 0:
            name = -name
            if opened[name]:
                for _ in range(_closes(names, depth, name)):
                    depth -= 1
                    opened[names[depth]] -= 1
                    last[numbers[depth + 1]] = count - 1
                here = numbers[depth]
                if emptied > here:
                    if find_paragraph(out, start, at) == at and count_characters(out, start, at) < limit:
                        at, marked = start, types.int64(-1)
                    emptied = types.int64(0)
                at = copy_bytes(out, at, data, tags[tag, TAG.start], end)
        elif depth < MAX_DEPTH:
            names[depth] = name
            opened[name] += 1
            # The parser has no use for the other attributes.
            if end == name_end + 1 or _has(data, name_end, end, tables.kept):
                at = copy_bytes(out, at, data, tags[tag, TAG.start], end)
            else:
                at = copy_bytes(out, at, data, tags[tag, TAG.start], name_end)
                out[at] = GREATER
                at += 1
            if count < MAX_REGIONS:
                own = tables.kinds[name]
                if end > name_end + 1 and (own == 0 or own == tables.content):
                    named = kind_of(
                        data, name_end, end - 1, tables.attributes, tables.words, tables.endings, tables.soft
                    )
                    own = named if named else own
                kind[count] = own if own else kind[here]
                kinds[count] = kinds[here] | tables.masks[name] | (types.int64(1) << own if own else types.int64(0))
                around[count], last[count] = here, count
                here = types.int64(count)
                count += 1
                if tables.emptied[own] and not emptied:
                    emptied, start = here, at
            depth += 1
            numbers[depth] = here
        stop = tags[tag + 1, TAG.start] if tag + 1 < len(tags) else size
        if here != marked and not _is_blank(data, end, stop, tables.points):
            at = _write_mark(out, at, tables.sentinel, here)
            marked = here
        at = copy_bytes(out, at, data, end, stop)
    for number in numbers[: depth + 1]:
        last[number] = count - 1
    return out[:at], kind[:count], kinds[:count], around[:count], last[:count]


@kernel
def _closes(names, depth, name):
    """How many of the open elements end where one of a name does: none, where no such is near."""
    for back in range(1, min(MAX_LOOK_BACK, depth) + 1):
        if names[depth - back] == name:
            return back
    return 0

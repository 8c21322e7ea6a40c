"""Markup: how compiled code finds its way through the UTF-8 of a page: bytes, and names by the letters of a trie.

A name goes on for as long as ASCII letters, digits, underscores and bytes beyond ASCII do.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numba import types

from corpus.text.compiled import kernel

LESS, GREATER, SLASH, EQUALS, QUOTE, APOSTROPHE, DASH, EXCLAMATION = b"<>/=\"'-!"
VALUE = 26  # the column of a trie, behind one for each letter
# C's own search: many bytes at once, where a compiled loop takes one at a time.
MEMCHR = types.ExternalFunction("memchr", types.intp(types.intp, types.int32, types.intp))


def build_trie(values: Mapping[str, int]) -> np.ndarray:
    """Words of a to z and their values, above zero, as a table: of each node, of which the first is the root, the next
    one by each letter, and the value of the word that ends there; 0 for none."""
    rows = [[0] * (VALUE + 1)]
    for word, value in values.items():
        node = 0
        for letter in word.encode():
            if not rows[node][letter - 97]:
                rows[node][letter - 97] = len(rows)
                rows.append([0] * (VALUE + 1))
            node = rows[node][letter - 97]
        rows[node][VALUE] = value
    return np.array(rows, np.int16)


@kernel
def find_byte(data, byte, place, end):
    """Where a byte is next, or the end."""
    if place >= end:
        return types.int64(end)
    first = data.ctypes.data
    found = MEMCHR(first + place, byte, end - place)
    return types.int64(found - first) if found else types.int64(end)


@kernel
def copy_bytes(out, at, data, start, end):
    """Copies bytes to a place; the place behind them."""
    size = types.uint64(end - start)
    to, source = types.uint64(at), types.uint64(start)
    for step in range(size):
        out[to + step] = data[source + step]
    return at + end - start


@kernel
def equal_bytes(data, place, other, size):
    """Whether so many bytes at two places are the same."""
    step = 0
    while step < size and data[place + step] == data[other + step]:
        step += 1
    return step == size


@kernel
def continues_name(byte):
    """Whether a name does with this byte."""
    return 97 <= byte <= 122 or 65 <= byte <= 90 or 48 <= byte <= 57 or byte == 95 or byte >= 0x80


@kernel
def next_node(names, node, letter):
    """That of a trie behind a node by a letter, small or capital. An unsigned place needs no check of its sign."""
    return types.int64(names[types.uint64(node), types.uint64((letter | 32) - 97)])


@kernel
def name_at(data, place, end, names):
    """(value, end) of the name of a trie that stands at a place; a value of 0 for none."""
    node = types.int64(0)
    while place < end and 97 <= data[place] <= 122:
        node = types.int64(names[node, types.int64(data[place]) - 97])
        if node == 0:
            return types.int64(0), place
        place += 1
    if place < end and continues_name(data[place]):
        return types.int64(0), place
    return types.int64(names[node, VALUE]), place


@kernel
def count_byte(data, byte, start, end):
    found = types.int64(0)
    for place in range(types.uint64(start), types.uint64(end)):
        found += data[place] == byte
    return found


@kernel
def count_characters(data, start, end):
    """How many characters bytes are: those that do not go on with one."""
    found = types.int64(0)
    for place in range(types.uint64(start), types.uint64(end)):
        found += data[place] & 0xC0 != 0x80
    return found


@kernel
def find_paragraph(data, place, end):
    """Where the next paragraph begins, or the end."""
    while True:
        place = find_byte(data, LESS, place, end)
        if place + 2 >= end:
            return end
        if data[place + 1] == 112 and (data[place + 2] == GREATER or data[place + 2] == 32):
            return place
        place += 1

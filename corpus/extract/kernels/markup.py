"""Markup: how compiled code finds its way through the UTF-8 of a page: bytes, and names by the letters of a trie.

A name continues for as long as ASCII letters, digits, underscores and bytes beyond ASCII do.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numba import types

from corpus.text.compiled import kernel

LESS, GREATER, SLASH, EQUALS, QUOTE, APOSTROPHE, DASH, EXCLAMATION = b"<>/=\"'-!"
VALUE = 26  # the column of a trie, after one for each letter
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
def find_byte(data, byte, position, end):
    """Where a byte is next, or the end."""
    if position >= end:
        return types.int64(end)
    first = data.ctypes.data
    found = MEMCHR(first + position, byte, end - position)
    return types.int64(found - first) if found else types.int64(end)


@kernel
def copy_bytes(out, at, data, start, end):
    """Copies bytes to a position; the position after them."""
    size = types.uint64(end - start)
    to, source = types.uint64(at), types.uint64(start)
    for step in range(size):
        out[to + step] = data[source + step]
    return at + end - start


@kernel
def equal_bytes(data, position, other, size):
    """Whether so many bytes at two positions are the same."""
    step = 0
    while step < size and data[position + step] == data[other + step]:
        step += 1
    return step == size


@kernel
def continues_name(byte):
    """Whether a name does with this byte."""
    return 97 <= byte <= 122 or 65 <= byte <= 90 or 48 <= byte <= 57 or byte == 95 or byte >= 0x80


@kernel
def next_node(names, node, letter):
    """That of a trie after a node by a letter, small or capital. An unsigned position needs no check of its sign."""
    return types.int64(names[types.uint64(node), types.uint64((letter | 32) - 97)])


@kernel
def name_at(data, position, end, names):
    """(value, end) of the name of a trie that stands at a position; a value of 0 for none."""
    node = types.int64(0)
    while position < end and 97 <= data[position] <= 122:
        node = types.int64(names[node, types.int64(data[position]) - 97])
        if node == 0:
            return types.int64(0), position
        position += 1
    if position < end and continues_name(data[position]):
        return types.int64(0), position
    return types.int64(names[node, VALUE]), position


@kernel
def count_byte(data, byte, start, end):
    found = types.int64(0)
    for position in range(types.uint64(start), types.uint64(end)):
        found += data[position] == byte
    return found


@kernel
def count_characters(data, start, end):
    """How many characters bytes are: all but continuation bytes."""
    found = types.int64(0)
    for position in range(types.uint64(start), types.uint64(end)):
        found += data[position] & 0xC0 != 0x80
    return found


@kernel
def find_paragraph(data, position, end):
    """Where the next paragraph begins, or the end."""
    while True:
        position = find_byte(data, LESS, position, end)
        if position + 2 >= end:
            return end
        if data[position + 1] == 112 and (data[position + 2] == GREATER or data[position + 2] == 32):
            return position
        position += 1

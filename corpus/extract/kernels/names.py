"""Names: what the words of an element's class, id, role and itemprop say that it is, read by compiled code."""

from __future__ import annotations

from numba import types

from corpus.extract.kernels.markup import VALUE, next_node
from corpus.text.compiled import kernel

LONG = 5  # letters of a word that may begin one that is not known ("postbody", "sidebarright")


@kernel
def _kind_of_word(data, start, end, words, endings):
    """The kind of a known word, else that of the longest one that it begins with, or else ends with."""
    node = long = types.int64(0)
    position = start
    while position < end:
        node = types.int64(words[node, (data[position] | 32) - 97])
        if node == 0:
            break
        position += 1
        if position - start >= LONG and words[node, VALUE]:
            long = types.int64(words[node, VALUE])
    if node and words[node, VALUE]:
        return types.int64(words[node, VALUE])
    if long or end - start < LONG:
        return long
    node = types.int64(0)
    while end > start:
        end -= 1
        node = next_node(endings, node, data[types.uint64(end)])
        if node == 0:
            break
        if endings[node, VALUE]:
            long = types.int64(endings[node, VALUE])
    return long


@kernel
def kind_of_words(data, position, end, words, endings, soft, other):
    """Of the words between two positions the kind of the first decided one, below `soft`; else `other` if that is one,
    else the first. A word is a run of small letters, and a capital before it."""
    while position < end:
        start = position
        position += 1
        if 65 <= data[start] <= 90:
            if position >= end or not 97 <= data[position] <= 122:
                continue
        elif not 97 <= data[start] <= 122:
            continue
        while position < end and 97 <= data[types.uint64(position)] <= 122:
            position += 1
        kind = _kind_of_word(data, start, position, words, endings)
        if 0 < kind < soft:
            return kind
        if other == 0:
            other = kind
    return other

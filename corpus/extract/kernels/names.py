"""Names: what the words of an element's class, id, role and itemprop say that it is, read by compiled code."""

from __future__ import annotations

from numba import types

from corpus.extract.kernels.markup import (
    APOSTROPHE,
    EQUALS,
    QUOTE,
    VALUE,
    continues_name,
    count_byte,
    find_byte,
    next_node,
)
from corpus.text.compiled import kernel

LONG = 5  # letters of a word that may begin one that is not known ("postbody", "sidebarright")
ALSO_UPPER = 2  # of the attributes' numbers: those up to this are read in capitals as well


@kernel
def _is_space(byte):
    return byte == 32 or 9 <= byte <= 13 or 28 <= byte <= 31


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
def _kind_of_words(data, position, end, words, endings, soft, other):
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


@kernel
def _attribute_at(data, position, end, attributes):
    """(number, end) of the attribute whose name stands at a position, all in small letters or all in capitals."""
    case = data[position] & 32
    node = types.int64(0)
    while position < end and 97 <= data[position] | 32 <= 122 and data[position] & 32 == case:
        node = next_node(attributes, node, data[types.uint64(position)])
        if node == 0:
            return types.int64(0), position
        position += 1
    number = types.int64(attributes[node, VALUE])
    return number if case or number <= ALSO_UPPER else types.int64(0), position


@kernel
def kind_of(data, start, end, attributes, words, endings, soft):
    """The kind that the attributes of a tag name, between two positions: the first one below `soft`, else the first."""
    if count_byte(data, QUOTE, start, end) == 2 and data[start] == 32:
        number, at = _attribute_at(data, start + 1, end, attributes)
        if number == 1 and data[start + 1] & 32 and data[at] == EQUALS and data[at + 1] == QUOTE:
            return _kind_of_words(data, at + 2, end, words, endings, soft, types.int64(0))
    kind = types.int64(0)
    position = start
    while position < end:
        letter = data[types.uint64(position)]
        if letter < 65 or (position > start and continues_name(data[types.uint64(position - 1)])):
            position += 1
            continue
        number, at = _attribute_at(data, position, end, attributes)
        position += 1
        if number == 0:
            continue
        while at < end and _is_space(data[at]):
            at += 1
        if at >= end or data[at] != EQUALS:
            continue
        at += 1
        while at < end and _is_space(data[at]):
            at += 1
        if at >= end:
            break
        close = end
        if data[at] == QUOTE or data[at] == APOSTROPHE:
            close = find_byte(data, data[at], at + 1, end)
        position = close + 1
        if close == end:
            position = at
            while position < end and not _is_space(data[position]):
                position += 1
            close = position
        kind = _kind_of_words(data, at, close, words, endings, soft, kind)
        if 0 < kind < soft:
            return kind
    return kind

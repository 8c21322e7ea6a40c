"""Vocabulary: the words of a page's blocks, and of its elements' names, each as a bucket of a table of weights.

Which bucket a word is in follows from its hash, so no word is kept (Weinberger et al. 2009, Feature Hashing for Large
Scale Multitask Learning).
"""

from __future__ import annotations

import numpy as np
from numba import types

from corpus.extract.kernels.writer import BLOCK
from corpus.text.codepoints import CODE, LETTER_BIT, MARK_BIT, UNSPACED_BIT
from corpus.text.compiled import SEED, kernel, mix_hash

BUCKETS = 1 << 16
MAX_SCORE = 2_000  # hundredths of a logit
FIRST_WORDS, LAST_CHARACTERS = 16, 40  # of a block, which are looked at
MOST_WORDS = 2 * FIRST_WORDS + LAST_CHARACTERS
# What a word is: a name as a whole, a word in one, a word of text, two in a row, the first of a block, one of the last.
NAME, NAME_PART, WORD, PAIR, FIRST, LAST = (np.uint64(number) for number in range(1, 7))
_SHIFT = np.uint64(48)


@kernel
def _bucket(word, role):
    return types.int32(mix_hash(mix_hash(SEED, word), role) >> _SHIFT)


@kernel
def _is_letter(byte):
    return 97 <= byte | 32 <= 122


@kernel
def _write_parts(data, start, end, buckets, count):
    """Of the words of a name, which are runs of small letters, with the capitals before them; where the next is due."""
    position = start
    while position < end:
        if not _is_letter(data[position]):
            position += 1
            continue
        word = types.uint64(0)
        while position < end and 65 <= data[position] <= 90:
            word = mix_hash(word, types.uint64(data[position] | 32))
            position += 1
        while position < end and 97 <= data[position] <= 122:
            word = mix_hash(word, types.uint64(data[position]))
            position += 1
        buckets[count] = _bucket(word, NAME_PART)
        count += 1
    return count


@kernel
def write_name_buckets(data, places, offsets, buckets):
    """Of each element's names: each as a whole, without digits, for they number what is alike, and its words. `places`
    (elements, attributes, 2): where an attribute starts and ends, -1 for none. Fills `offsets` (elements + 1) of the
    elements' buckets; returns how many there are, at most two for each byte."""
    count = 0
    for element in range(len(places)):
        offsets[element] = count
        for attribute in range(places.shape[1]):
            position, end = places[element, attribute]
            while 0 <= position < end:
                start = position
                word = types.uint64(0)
                while position < end and data[position] > 32:
                    byte = data[position]
                    if not 48 <= byte <= 57:
                        word = mix_hash(word, types.uint64(byte | 32 if _is_letter(byte) else byte))
                    position += 1
                if position > start:
                    buckets[count] = _bucket(word, NAME)
                    count = _write_parts(data, start, position, buckets, count + 1)
                position += 1
    offsets[len(places)] = count
    return count


@kernel
def _next_word(points, position, end, table):
    """(hash, position after it) of the next word; of scripts without spaces, the next character. 0 for none."""
    word = types.uint64(0)
    while position < end:
        entry = table[points[position]]
        code = types.uint64(entry & CODE)
        if entry & UNSPACED_BIT:
            if word == 0:
                return mix_hash(word, code), position + 1
            return word, position
        if entry & LETTER_BIT or (word != 0 and entry & MARK_BIT):
            word = mix_hash(word, code)
        elif word != 0:
            return word, position
        position += 1
    return word, position


@kernel
def write_word_buckets(points, blocks, table, offsets, buckets):
    """Of each block: the first words and pairs of them, and those among the last characters. `table` is that of
    corpus/text/codepoints. Fills `offsets` (blocks + 1); returns how many buckets there are, at most MOST_WORDS a
    block."""
    count = 0
    for block in range(len(blocks)):
        offsets[block] = count
        position, end = blocks[block, BLOCK.start], blocks[block, BLOCK.end]
        before = types.uint64(0)
        for number in range(FIRST_WORDS):
            word, position = _next_word(points, position, end, table)
            if word == 0:
                break
            buckets[count] = _bucket(word, WORD)
            buckets[count + 1] = _bucket(word, FIRST) if number == 0 else _bucket(mix_hash(before, word), PAIR)
            count += 2
            before = word
        if position < end - LAST_CHARACTERS:
            position = end - LAST_CHARACTERS
            while position < end and table[points[position]] & LETTER_BIT:  # what is left of a word
                position += 1
        while position < end:
            word, position = _next_word(points, position, end, table)
            if word:
                buckets[count] = _bucket(word, LAST)
                count += 1
    offsets[len(blocks)] = count
    return count


@kernel
def add_weights(around, offsets, buckets, weights):
    """(n,) scores in hundredths of a logit, up to MAX_SCORE: the sum of the weights of an entry's words, and of those
    of the entries around it, over the root of their number. `around` (n,): of each entry one before it, itself for
    none."""
    sums, numbers = np.zeros(len(around), np.int64), np.zeros(len(around), np.int64)
    scores = np.zeros(len(around), np.int64)
    for entry in range(len(around)):
        if around[entry] != entry:
            sums[entry], numbers[entry] = sums[around[entry]], numbers[around[entry]]
        for position in range(offsets[entry], offsets[entry + 1]):
            sums[entry] += weights[buckets[position]]
        numbers[entry] += offsets[entry + 1] - offsets[entry]
        if numbers[entry]:
            score = types.int64(sums[entry] / np.sqrt(numbers[entry]))
            scores[entry] = max(-MAX_SCORE, min(MAX_SCORE, score))
    return scores

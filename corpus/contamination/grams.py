"""Grams: where runs of words of a known set stand in texts, in one compiled pass over Arrow's buffers.

No gram of a text is kept but those that are found: the hash of each run rolls on from word to word, a table of bits
says of nearly every one that it is not known, and what is left is looked up among the sorted hashes. Words are those of
`corpus.text.normal_form.words`; equal hashes are not yet equal words, so who finds a gram compares its words.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numba import types

from corpus.duplicates.shingles import MULTIPLIER, NO_WORDS, write_words
from corpus.text.codepoints import code_point_table, utf8_buffers
from corpus.text.compiled import FACTOR, SHIFT, kernel, number_names

HIT = number_names(("text", "position", "key"))  # columns of what the pass writes
BITS_A_GRAM = 16
LEAST_BITS = 16  # the logarithm of the smallest table


@dataclass(frozen=True, kw_only=True)
class Hits:
    """Gram `keys` of the set begins at word `positions` of text `texts`; (H,) int64, by text, then size, then
    position."""

    texts: np.ndarray
    positions: np.ndarray
    keys: np.ndarray


class NgramIndex:
    """`keys` (G,) uint64: hashes of runs of words as `hash_ngrams` has them, sorted, each once; `sizes`: how many words
    they are of; `unspaced`: those sizes of which all runs hold characters of a script without spaces."""

    def __init__(self, keys: np.ndarray, sizes: Sequence[int], unspaced: Sequence[int] = ()) -> None:
        few = max(LEAST_BITS, len(keys).bit_length())
        bits = few + BITS_A_GRAM.bit_length() - 1
        self._keys = keys
        self._sizes = np.array([(size, size in unspaced) for size in sorted(set(sizes))], np.int64).reshape(-1, 2)
        self._shift = np.uint64(64 - bits)
        self._table = np.zeros(1 << (bits - 6), np.uint64)
        places = keys >> self._shift
        np.bitwise_or.at(self._table, places >> np.uint64(6), np.uint64(1) << (places & np.uint64(63)))
        self._coarse = np.uint64(64 - few)
        firsts = np.searchsorted(keys >> self._coarse, np.arange((1 << few) + 1, dtype=np.uint64))
        self._directory = firsts.astype(np.int64)

    def find(self, texts: pa.Array | pa.ChunkedArray) -> Hits:
        data, offsets = utf8_buffers(texts)
        words = np.empty(_most_words(offsets), np.uint64)
        known = (self._sizes, self._keys, self._table, self._shift, self._directory, self._coarse)
        fixed = (data, offsets, code_point_table(), *known, words)
        rows = np.empty((len(texts) * 4, len(HIT)), np.int64)
        count = _fill_hits(*fixed, rows)
        if count > len(rows):
            rows = np.empty((count, len(HIT)), np.int64)
            _fill_hits(*fixed, rows)
        return Hits(texts=rows[:count, HIT.text], positions=rows[:count, HIT.position], keys=rows[:count, HIT.key])


def hash_ngrams(texts: pa.Array | pa.ChunkedArray, size: int) -> tuple[np.ndarray, np.ndarray]:
    """(hashes, offsets): the runs of `size` words of text i, in their order, are hashes[offsets[i]:offsets[i + 1]]."""
    if size < 1:
        raise ValueError(f"a gram of {size} words: at least 1 is needed")
    data, offsets = utf8_buffers(texts)
    values = np.empty(int(offsets[-1] - offsets[0]) // 2 + len(texts) + 2, np.uint64)
    bounds = np.zeros(len(texts) + 1, np.int64)
    words = np.empty(_most_words(offsets), np.uint64)
    count = _every(data, offsets, code_point_table(), size, words, values, bounds)
    return values[:count].copy(), bounds


def _most_words(offsets: np.ndarray) -> int:
    """Of one text: between two words of letters stands a byte, and a character that is a word takes three."""
    return int(np.diff(offsets).max(initial=0)) // 2 + 3


@kernel
def _mixed_words(data, start, stop, table, words):
    count = write_words(data, start, stop, table, words, 0)
    for place in range(count):
        word = words[place] * FACTOR
        words[place] = word ^ (word >> SHIFT)
    return count


@kernel
def _first(words, size):
    """The sum of the first run, and by how much a word counts that leaves one."""
    total, leaving = types.uint64(0), types.uint64(1)
    for place in range(size):
        total = total * MULTIPLIER + words[place]
        leaving *= MULTIPLIER
    return total, leaving


@kernel
def _hash(total, size):
    mixed = total + types.uint64(size) * NO_WORDS  # runs of several sizes stand in one set
    mixed = (mixed ^ (mixed >> SHIFT)) * FACTOR
    return mixed ^ (mixed >> SHIFT)


@kernel
def _every(data, offsets, table, size, words, values, bounds):
    found = 0
    for text in range(len(offsets) - 1):
        count = _mixed_words(data, offsets[text], offsets[text + 1], table, words)
        if count >= size:
            total, leaving = _first(words, size)
            for place in range(count - size + 1):
                values[found] = _hash(total, size)
                found += 1
                if place + size < count:
                    total = total * MULTIPLIER + words[place + size] - words[place] * leaving
        bounds[text + 1] = found
    return found


@kernel
def _maybe_unspaced(data, start, stop):
    """No character of such a script is shorter than three bytes, nor of the block of dashes and quotation marks."""
    found = False
    for place in range(start, stop):
        found |= (data[place] >= 0xE0) & (data[place] != 0xE2)
    return found


@kernel
def _fill_hits(data, offsets, table, sizes, keys, bits, shift, directory, coarse, words, rows):
    """Fills as many rows of the columns HIT as there is room for; returns how many there are."""
    hits = 0
    for text in range(len(offsets) - 1):
        count = _mixed_words(data, offsets[text], offsets[text + 1], table, words)
        foreign = _maybe_unspaced(data, offsets[text], offsets[text + 1])
        for size, unspaced in sizes:
            if count < size or (unspaced and not foreign):
                continue
            total, leaving = _first(words, size)
            for place in range(count - size + 1):
                value = _hash(total, size)
                bit = value >> shift
                if (bits[bit >> types.uint64(6)] >> (bit & types.uint64(63))) & types.uint64(1):
                    first = types.int64(value >> coarse)
                    for key in range(directory[first], directory[first + 1]):
                        if keys[key] == value:
                            if hits < len(rows):
                                row = rows[hits]
                                row[HIT.text], row[HIT.position], row[HIT.key] = text, place, key
                            hits += 1
                if place + size < count:
                    total = total * MULTIPLIER + words[place + size] - words[place] * leaving
    return hits

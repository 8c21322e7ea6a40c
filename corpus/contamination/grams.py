"""Grams: where runs of words of a known set stand in texts, in one compiled pass over Arrow's buffers.

No gram of a text is kept but those that are found: the hash of each run rolls on from word to word, a table of bits
says of nearly every one that it is not known, and what is left is looked up among the sorted hashes. Words are those of
`corpus.text.normal_form.words`; equal hashes are not yet equal words, so who finds a gram compares its words.
"""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numba import types

from corpus.duplicates.shingles import MULTIPLIER, NO_WORDS, write_words
from corpus.text import normal_form
from corpus.text.codepoints import code_point_table, utf8_buffers
from corpus.text.compiled import FACTOR, SHIFT, kernel, number_names

HIT = number_names(("text", "position", "key"))  # columns of what the pass writes
TABLE = number_names(("words", "unspaced", "block", "shift"))  # columns of what is known of the grams of one size
GRAMS_A_BLOCK = 5  # of 64 bits, of which each gram sets two: a smaller table stays nearer to the processor
LEAST_BLOCKS = 256
BLOCK, BIT = np.uint64(64), np.uint64(6)  # how many bits a block has, and of a hash that name one of them
ROOM = 16  # hits a text that there is room for at first


@dataclass(frozen=True, kw_only=True)
class Hits:
    """Gram `keys` of the set begins at word `positions` of text `texts`; (H,) int64, by text, then size, then
    position."""

    texts: np.ndarray
    positions: np.ndarray
    keys: np.ndarray


class NgramIndex:
    """`keys` (G,) uint64: hashes of runs of words as `hash_ngrams` has them, sorted, each once; `sizes` (G,): how many
    words each is of; `unspaced`: those sizes of which all runs hold characters of a script without spaces."""

    def __init__(self, keys: np.ndarray, sizes: np.ndarray, unspaced: Set[int] = frozenset()) -> None:
        # A table a size: that of few grams stays in the cache.
        blocks, tables, begin = [np.empty(0, np.uint64)], [], 0
        for size in np.unique(sizes).tolist():
            found, shift = _bit_table(keys[sizes == size])
            tables.append((size, size in unspaced, begin, shift))
            blocks.append(found)
            begin += len(found)
        self._tables = np.array(tables, np.int64).reshape(-1, len(TABLE))
        self._blocks = np.concatenate(blocks)
        self._keys = keys
        bits = max(1, len(keys).bit_length())
        self._coarse = np.uint64(64 - bits)
        firsts = np.searchsorted(keys >> self._coarse, np.arange((1 << bits) + 1, dtype=np.uint64))
        self._directory = firsts.astype(np.int32)

    def find(self, texts: pa.Array | pa.ChunkedArray) -> Hits:
        data, offsets = utf8_buffers(texts)
        known = (self._tables, self._blocks, self._keys, self._directory, self._coarse)
        rows = _find_hits(data, offsets, code_point_table(), *known, _most_words(offsets), ROOM * (len(texts) + 1))
        return Hits(texts=rows[:, HIT.text], positions=rows[:, HIT.position], keys=rows[:, HIT.key])


def _bit_table(keys: np.ndarray) -> tuple[np.ndarray, int]:
    """(blocks of bits, by how much to shift a hash that it names its block)."""
    bits = max(len(keys) // GRAMS_A_BLOCK, LEAST_BLOCKS - 1).bit_length()
    blocks = np.zeros(1 << bits, np.uint64)
    shift = np.uint64(64 - bits)
    one, last = np.uint64(1), BLOCK - np.uint64(1)
    np.bitwise_or.at(blocks, keys >> shift, one << (keys & last) | one << (keys >> BIT & last))
    return blocks, int(shift)


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


def gram_words(text: str) -> list[str]:
    """The words that grams are of: a mark of Thai and its like that stands after no letter, a slip of typing, is
    none."""
    return [word for word in normal_form.words(text) if not normal_form.MARK.match(word)]


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
    found = types.uint8(0)  # not a Boolean: one instruction then takes 32 or 64 bytes
    for byte in data[start:stop]:
        found |= types.uint8(byte >= 0xE0) & types.uint8(byte != 0xE2)
    return found != 0


@kernel
def _find_hits(data, offsets, table, tables, blocks, keys, directory, coarse, most, room):
    """(hits, len(HIT)) int64; `most` words has a text, and there is `room` for so many hits at first.

    Without a branch for what may be known: the next look into memory then need not wait for the last one's answer.
    """
    words, values, places = np.empty(most, np.uint64), np.empty(most, np.uint64), np.empty(most, np.int64)
    rows = np.empty((room, len(HIT)), np.int64)
    hits = 0
    for text in range(len(offsets) - 1):
        count = _mixed_words(data, offsets[text], offsets[text + 1], table, words)
        foreign = _maybe_unspaced(data, offsets[text], offsets[text + 1])
        for number in range(len(tables)):
            size = tables[number, TABLE.words]
            if count < size or (tables[number, TABLE.unspaced] and not foreign):
                continue
            known = blocks[tables[number, TABLE.block] :]
            maybe = _maybe_known(words, count, size, known, types.uint64(tables[number, TABLE.shift]), values, places)
            for one in range(maybe):
                first = types.int64(values[one] >> coarse)
                for key in range(directory[first], directory[first + 1]):
                    if keys[key] == values[one]:
                        if hits == len(rows):
                            rows = np.concatenate((rows, np.empty_like(rows)))
                        row = rows[hits]
                        row[HIT.text], row[HIT.position], row[HIT.key] = text, places[one], key
                        hits += 1
    return rows[:hits]


@kernel
def _maybe_known(words, count, size, blocks, shift, values, places):
    """Writes the hash and the place of each run that the table does not rule out; how many there are."""
    found = types.uint64(0)
    one, last = types.uint64(1), BLOCK - types.uint64(1)
    total, leaving = _first(words, size)
    for place in range(types.uint64(count - size + 1)):
        value = _hash(total, size)
        values[found], places[found] = value, place
        block = blocks[value >> shift]
        found += (block >> (value & last)) & (block >> (value >> BIT & last)) & one
        total = total * MULTIPLIER + words[place + types.uint64(size)] - words[place] * leaving
    return found

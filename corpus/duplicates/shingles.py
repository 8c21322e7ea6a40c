"""Shingles: texts -> 64-bit hashes of their runs of words, in one compiled pass over Arrow's buffers.

No Python string is made of a word: a list of tokens alone would cost ten times what this costs. Words are those of
`corpus.text.normal_form.words` (lower-cased; each character of a script without spaces is one), but for "_", which is a
letter here as in Python's `\\w`: what is copied is seldom half of an identifier.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from itertools import pairwise

import numpy as np
import pyarrow as pa
from numba import types

from corpus.text.codepoints import (
    CODE,
    LETTER_BIT,
    MARK_BIT,
    UNSPACED_BIT,
    code_point_table,
    decode_character,
    utf8_buffers,
)
from corpus.text.compiled import FACTOR, SHIFT, kernel

MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)
OTHER_MULTIPLIER = np.uint64(0x94D049BB133111EB)
LETTER_PLACE = 21  # of LETTER_BIT
DOTTED_I, DOT_ABOVE = 0x130, 0x307  # whose lower case is an i and a mark
NO_WORDS = np.uint64(0xD6E8FEB86659FD93)


@dataclass(frozen=True, kw_only=True)
class Shingles:
    """Text i has `values[offsets[i]:offsets[i + 1]]`; `values` (S,) uint64, `offsets` (texts + 1,) int64. Every text
    has at least one."""

    values: np.ndarray
    offsets: np.ndarray

    def __getitem__(self, text: int) -> np.ndarray:
        return self.values[self.offsets[text] : self.offsets[text + 1]]

    def __len__(self) -> int:
        return len(self.offsets) - 1


def compute_shingles(texts: pa.Array | pa.ChunkedArray, size: int) -> tuple[Shingles, np.ndarray]:
    """The runs of `size` words of each text, in their order, repeated ones too; and a digest of all its words in their
    order, shape (texts, 2) uint64: equal for texts that differ in case, white space and punctuation alone.

    A text with fewer words is one shingle of all of them; one without words (emoji, punctuation) is one of its
    characters but for white space. So equal short texts are equal, and different ones are not.
    """
    if size < 1:
        raise ValueError(f"a shingle of {size} words: at least 1 is needed")
    data, offsets = utf8_buffers(texts)
    # Between two words of letters stands a byte, and a character that is a word takes three. Each text may write one
    # more than it has.
    values = np.empty((int(offsets[-1] - offsets[0]) + len(texts)) // 2 + len(texts) + 2, np.uint64)
    bounds = np.zeros(len(texts) + 1, np.int64)
    digests = np.empty((len(texts), 2), np.uint64)
    count = _shingle(data, offsets, _characters(), size, values, bounds, digests)
    return Shingles(values=values[:count].copy(), offsets=bounds), digests


def distinct_shingles(shingled: Shingles) -> Shingles:
    """Those of each text sorted and once each: sets, as `jaccard_similarity` takes them."""
    values, bounds = shingled.values.copy(), np.zeros_like(shingled.offsets)
    for start, stop in pairwise(shingled.offsets.tolist()):
        values[start:stop].sort()  # numpy's takes a tenth of the time of the one that numba would compile
    count = _distinct(values, shingled.offsets, bounds)
    return Shingles(values=values[:count].copy(), offsets=bounds)


def compute_shingle_sets(texts: pa.Array | pa.ChunkedArray, size: int) -> Shingles:
    return distinct_shingles(compute_shingles(texts, size)[0])


def jaccard_similarity(left: np.ndarray, right: np.ndarray) -> float:
    """|A and B| / |A or B| of two sorted sets of shingles, exactly."""
    shared: int = count_common(left, right)
    return shared / (len(left) + len(right) - shared)


@cache
def _characters() -> np.ndarray:
    table = code_point_table().copy()
    table[ord("_")] |= np.uint32(LETTER_BIT)
    table.setflags(write=False)
    return table


@kernel
def count_common(left, right):
    """How many values two sorted sets share."""
    found = here = there = 0
    while here < len(left) and there < len(right):
        a, b = left[here], right[there]
        found += a == b
        here += a <= b
        there += b <= a
    return found


@kernel
def count_common_or_stop(left, right, looks):
    """As `count_common`; -1 when after the first `looks[i, 0]` values of either set fewer than `looks[i, 1]` are in
    both. Of sets of hashes these are a random sample."""
    found = here = there = seen = 0
    for look in range(len(looks)):
        while seen < looks[look, 0] and here < len(left) and there < len(right):
            a, b = left[here], right[there]
            found += a == b
            here += a <= b
            there += b <= a
            seen += 1
        if seen == looks[look, 0] and found < looks[look, 1]:
            return -1
    return found + count_common(left[here:], right[there:])


@kernel
def write_words(data, position, end, table, values, count):
    """Writes the hash of each word of a text from `count` on; where the next one would be written.

    Without a branch for ASCII: where a word ends cannot be foretold, and a wrong guess of the processor costs more than
    what a letter needs. A word is written wherever one could end, and counted where one does. Positions are unsigned:
    of a signed one it is asked at each access whether it counts from the end.
    """
    position, end, count = types.uint64(position), types.uint64(end), types.uint64(count)
    state = types.int64(0)  # 0 outside a word, 1 in a word of letters, 2 after a character that is a word
    word = types.uint64(0)
    while position < end:
        code = types.int64(data[position])
        if code < 0x80:
            entry = types.int64(table[code])
            letter = (entry >> LETTER_PLACE) & 1
            inside = state & letter
            values[count] = word
            count += types.uint64((state != 0) & (inside == 0))
            word = (word * MULTIPLIER & types.uint64(-inside)) + types.uint64(entry & CODE)
            state = letter
            position += types.uint64(1)
            continue
        code, step = decode_character(data, types.int64(position), types.int64(end))
        entry = types.int64(table[code])
        position += types.uint64(step)
        if entry & MARK_BIT:
            if state != 0:
                word = word * MULTIPLIER + types.uint64(entry & CODE)
        elif entry & UNSPACED_BIT:
            values[count] = word
            count += types.uint64(state != 0)
            state, word = 2, types.uint64(entry & CODE)
        elif entry & LETTER_BIT:
            values[count] = word
            count += types.uint64(state == 2)
            word = (word * MULTIPLIER if state == 1 else types.uint64(0)) + types.uint64(entry & CODE)
            if code == DOTTED_I:
                word = word * MULTIPLIER + types.uint64(DOT_ABOVE)
            state = 1
        else:
            values[count] = word
            count += types.uint64(state != 0)
            state = 0
    values[count] = word
    return types.int64(count) + (state != 0)


@kernel
def _shingle(data, offsets, table, size, values, bounds, digests):
    """Fills `values`, `bounds` and `digests`; how many values there are. The words of a text are written first, then
    turned into shingles where they stand."""
    count = 0
    for text in range(len(offsets) - 1):
        first = count
        count = write_words(data, offsets[text], offsets[text + 1], table, values, first)
        if count == first:
            values[count] = _without_words(data, offsets[text], offsets[text + 1])
            count += 1
        one, other = types.uint64(count - first), NO_WORDS
        for position in range(first, count):
            word = values[position] * FACTOR
            word ^= word >> SHIFT
            values[position] = word
            one = one * MULTIPLIER + word
            # Not of powers alone: modulo 2^64 a sum of such is equal for two words in the order of Thue and Morse and
            # in its opposite, whatever the multiplier.
            other = (other ^ word) * OTHER_MULTIPLIER
            other ^= other >> SHIFT
        digests[text, 0], digests[text, 1] = (one ^ (one >> SHIFT)) * FACTOR, (other ^ (other >> SHIFT)) * FACTOR
        width = min(size, count - first)
        runs = count - first - width + 1
        # Each from the one before: what leaves the run is taken away, and what joins it added. The number of words is
        # in it, for a short text is not a run of a longer one.
        total, leaving, length = types.uint64(0), types.uint64(1), types.uint64(width) * NO_WORDS
        for position in range(first, first + width):
            total = total * MULTIPLIER + values[position]
            leaving *= MULTIPLIER
        for start in range(first, first + runs):
            mixed, gone = total + length, values[start]
            mixed = (mixed ^ (mixed >> SHIFT)) * FACTOR
            if start + width < count:
                total = total * MULTIPLIER + values[start + width] - gone * leaving
            values[start] = mixed ^ (mixed >> SHIFT)
        count = first + runs
        bounds[text + 1] = count
    return count


@kernel
def _without_words(data, start, end):
    """The hash of a text's bytes but for ASCII white space."""
    total = NO_WORDS
    for position in range(start, end):
        byte = types.uint64(data[position])
        if byte > 32:
            total = (total ^ byte) * FACTOR
            total ^= total >> SHIFT
    return total


@kernel
def _distinct(values, offsets, bounds):
    """Leaves one of equal neighbours in each sorted run, where they stand."""
    count, last = 0, types.uint64(0)
    for text in range(len(offsets) - 1):
        for position in range(offsets[text], offsets[text + 1]):
            if position == offsets[text] or values[position] != last:
                last = values[position]
                values[count] = last
                count += 1
        bounds[text + 1] = count
    return count

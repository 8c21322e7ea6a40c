"""Repetition: how much of a text stands in it more than once, by lines, paragraphs and n-grams of words.

The measures are those of MassiveText (Rae et al. 2021, arXiv:2112.11446, appendix A.1.1, "repetition removal"). A line,
paragraph or n-gram is a duplicate where it stood in the text before, and a word in several duplicate n-grams counts
once. Shares of characters are of the characters of lines, or of words: white space is in neither part of the fraction.
"""

from __future__ import annotations

import numpy as np

from corpus.quality.measures import REPETITION
from corpus.text.compiled import SEED, kernel, mix_hash, number_names
from corpus.text.words import WordStream

COLUMN = number_names(REPETITION)


def measure_repetition(stream: WordStream) -> np.ndarray:
    """(T, len(REPETITION)) float64 shares of 1; zeros for a text without words."""
    shares = np.zeros((len(stream.offsets) - 1, len(REPETITION)))
    if len(shares):
        longest = int(max(np.diff(stream.offsets).max(), np.diff(stream.line_offsets).max()))
        size = 1 << max(4, (2 * longest - 1).bit_length())
        scratch = np.empty(size, np.uint64), np.empty(size, np.int32)
        lines = stream.line_hashes, stream.line_lengths, stream.line_paragraphs, stream.line_offsets
        _fill_lines(*lines, *scratch, shares)
        _fill_ngrams(stream.hashes, stream.lengths, stream.offsets, *scratch, shares)
    return shares


@kernel
def _find_slot(keys, mask, key):
    """Where a key is, or is to be, in an open-addressing table; 0 marks a free position."""
    slot = np.int64((key >> np.uint64(20)) & mask)
    while keys[slot] != 0 and keys[slot] != key:
        slot = np.int64(np.uint64(slot + 1) & mask)
    return slot


@kernel
def _clear(keys, counts, entries):
    """Makes room for that many keys, at most half full; the table's mask."""
    size = 16
    while size < 2 * entries:
        size *= 2
    keys[:size] = 0
    counts[:size] = 0
    return np.uint64(size - 1)


@kernel
def _fill_lines(hashes, lengths, paragraphs, offsets, keys, counts, shares):
    for text in range(len(offsets) - 1):
        start, end = offsets[text], offsets[text + 1]
        if start == end:
            continue
        total = repeated = repeated_characters = 0
        mask = _clear(keys, counts, end - start)
        for line in range(start, end):
            slot = _find_slot(keys, mask, hashes[line] | np.uint64(1))
            total += lengths[line]
            if keys[slot]:
                repeated += 1
                repeated_characters += lengths[line]
            keys[slot] = hashes[line] | np.uint64(1)
        shares[text, COLUMN.duplicate_lines] = repeated / (end - start)
        shares[text, COLUMN.duplicate_line_characters] = repeated_characters / total

        number = repeated = repeated_characters = 0
        mask = _clear(keys, counts, end - start)
        line = start
        while line < end:
            here, state, characters = paragraphs[line], SEED, 0
            while line < end and paragraphs[line] == here:
                state = mix_hash(state, hashes[line])
                characters += lengths[line]
                line += 1
            number += 1
            slot = _find_slot(keys, mask, state | np.uint64(1))
            if keys[slot]:
                repeated += 1
                repeated_characters += characters
            keys[slot] = state | np.uint64(1)
        shares[text, COLUMN.duplicate_paragraphs] = repeated / number
        shares[text, COLUMN.duplicate_paragraph_characters] = repeated_characters / total


@kernel
def _fill_ngrams(hashes, lengths, offsets, keys, counts, shares):
    """From 2-grams up. An n-gram is repeated only where its first n - 1 words are, so each size looks at what the size
    before left over: little, in ordinary text."""
    longest = 0
    for text in range(len(offsets) - 1):
        longest = max(longest, offsets[text + 1] - offsets[text])
    ends = np.empty(longest + 1, np.int64)  # characters of the words before each position
    positions, slots = np.empty(longest, np.int64), np.empty(longest, np.int64)
    grams = np.empty(longest, np.uint64)
    for text in range(len(offsets) - 1):
        start, words = offsets[text], offsets[text + 1] - offsets[text]
        if words < 2:
            continue
        ends[0] = 0
        for position in range(words):
            ends[position + 1] = ends[position] + lengths[start + position]
            positions[position] = position
            grams[position] = mix_hash(SEED, hashes[start + position])
        candidates = words
        for size in range(2, 11):
            mask = _clear(keys, counts, candidates)
            inside = covered = covered_to = 0
            for candidate in range(candidates):
                position = positions[candidate]
                if position + size > words:
                    break
                inside += 1
                gram = mix_hash(grams[candidate], hashes[start + position + size - 1]) | np.uint64(1)
                slot = _find_slot(keys, mask, gram)
                if size >= 5 and keys[slot]:
                    covered += ends[position + size] - ends[max(position, covered_to)]
                    covered_to = position + size
                keys[slot] = gram
                counts[slot] += 1
                grams[candidate], slots[candidate] = gram, slot
            if size >= 5:
                shares[text, COLUMN.duplicate_5grams + size - 5] = covered / ends[words]
            maximum, characters, remaining = 1, 0, 0
            for candidate in range(inside):
                times, position = counts[slots[candidate]], positions[candidate]
                if times < 2:
                    continue
                length = ends[position + size] - ends[position]
                if size < 5 and (times > maximum or (times == maximum and length > characters)):
                    maximum, characters = times, length
                positions[remaining], grams[remaining] = position, grams[candidate]
                remaining += 1
            if size < 5:
                shares[text, COLUMN.top_2gram + size - 2] = min(1.0, maximum * characters / ends[words])
            candidates = remaining
            if not candidates:
                break

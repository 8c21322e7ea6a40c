"""Suffixes: the suffix array of a sequence of words, and which words are worth being in one."""

from __future__ import annotations

import numpy as np
from pydivsufsort import divsufsort

from corpus.text.compiled import FACTOR, SEED, kernel, mix_hash


def find_candidates(ids: np.ndarray, offsets: np.ndarray, size: np.int64) -> np.ndarray:
    """(W,) bool: the words of all windows whose hash another window has. Most words are in none, and to sort hashes
    takes a twentieth of the time that suffixes take. Where different windows have one hash, the array tells them apart.
    """
    hashes = np.empty(len(ids), np.uint64)
    hashes = hashes[: _window_hashes(ids, offsets, size, hashes)]
    hashes.sort()
    twice = np.unique(hashes[1:][hashes[1:] == hashes[:-1]])
    del hashes
    table = np.zeros(1 << (2 * len(twice)).bit_length(), np.uint64)
    found = np.zeros(len(ids), np.bool_)
    _nominate(ids, offsets, size, twice, table, found)
    return found


def build_suffix_array(ids: np.ndarray) -> np.ndarray:
    """(W,) int32 or int64: the places of all words, in the order of what begins there."""
    if not len(ids):
        return np.empty(0, np.int32)
    # Bytes in big-endian order sort as the numbers do. Only so many of them as the numbers take, for the array of all
    # bytes is the largest thing in memory; what counts of it are the places where a word begins.
    width = max(1, (int(ids.max()).bit_length() + 7) // 8)
    array = divsufsort(np.ascontiguousarray(ids.astype(">u4").view(np.uint8).reshape(-1, 4)[:, 4 - width :]).ravel())
    return array[: _whole_words(array, width)].copy()


@kernel
def _rolled(state, ids, start, position, size, lead):
    """The hash of the window that ends at a position, of the one before it in a text that begins at `start`."""
    state = state * FACTOR + np.uint64(ids[position]) + np.uint64(1)
    if position - start >= size:
        state -= lead * (np.uint64(ids[position - size]) + np.uint64(1))
    return state


@kernel
def _lead(size):
    """By what the hash of a window multiplies the word that leaves it."""
    lead = np.uint64(1)
    for _ in range(size):
        lead *= FACTOR
    return lead


@kernel
def _window_hashes(ids, offsets, size, hashes):
    """Fills the hashes of all windows; how many there are."""
    found, lead = 0, _lead(size)
    for text in range(len(offsets) - 1):
        start, state = offsets[text], np.uint64(0)
        for position in range(start, offsets[text + 1]):
            state = _rolled(state, ids, start, position, size, lead)
            if position - start >= size - 1:
                hashes[found] = mix_hash(SEED, state)
                found += 1
    return found


@kernel
def _slot(table, value):
    """Where a value is, or is to be, in an open-addressing table; 0 marks a free position."""
    mask = len(table) - 1
    slot = np.int64(value & np.uint64(mask))
    while table[slot] != 0 and table[slot] != value:
        slot = (slot + 1) & mask
    return slot


@kernel
def _nominate(ids, offsets, size, twice, table, nominated):
    """Marks the words of the windows whose hash is in `twice`; `table` is empty and twice as large."""
    for value in twice:
        value |= np.uint64(1)
        table[_slot(table, value)] = value
    lead = _lead(size)
    for text in range(len(offsets) - 1):
        start, state, done = offsets[text], np.uint64(0), offsets[text]
        for position in range(start, offsets[text + 1]):
            state = _rolled(state, ids, start, position, size, lead)
            if position - start >= size - 1 and table[_slot(table, mix_hash(SEED, state) | np.uint64(1))] != 0:
                for word in range(max(done, position - size + 1), position + 1):
                    nominated[word] = True
                done = position + 1


@kernel
def _whole_words(array, width):
    """Leaves the places where a word of so many bytes begins, in words and at the front; how many there are."""
    found = 0
    for position in array:
        if position % width == 0:
            array[found] = position // width
            found += 1
    return found

"""Repeated spans: passages of many words that stand word for word in several documents, found by a suffix array.

In a suffix array the places of a sequence are in the order of what begins there, so those where the same 50 words begin
stand side by side (Lee et al. 2022, arXiv:2107.06499). Each such window stays in the first document that holds it; in
the others it goes, and windows that overlap or touch there are one span. Words are those of text.normal_form: upper
case and punctuation make no difference. The array is made of those windows alone whose hash another one has too.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from corpus.repeats.suffixes import build_suffix_array, find_candidates
from corpus.text.codepoints import LETTER_BIT, MARK_BIT, UNSPACED_BIT, code_point_table, decode_character, utf8_buffers
from corpus.text.compiled import kernel, number_names

SPAN = number_names(("document", "start", "stop", "keeper", "holders"))  # columns of what the pass writes
BYTES_A_WORD = 40  # in memory, where all of a crawl is repeated; about 22 where a fifth is (docs/trimming.md)


@dataclass(frozen=True, kw_only=True)
class SpanConfig:
    """`words`: the minimum length of a span; 50 is what Lee et al. chose, about a paragraph, and longer than a
    quotation. `documents`: the minimum number of different documents that hold it. `max_words`: a crawl of more is
    refused, for all of its words are held in memory at once, in up to BYTES_A_WORD each."""

    words: int = 50
    documents: int = 2
    max_words: int = 200_000_000

    def __post_init__(self) -> None:
        if self.words < 1:
            raise ValueError(f"words {self.words}: a span has at least one")
        if self.documents < 2:
            raise ValueError(f"documents {self.documents}: what stands in one document is not repeated; give 2 or more")


@dataclass(frozen=True, kw_only=True)
class Spans:
    """What is to go, by document and position: (S,) int64. Of words `starts` to `stops` of `documents`, each window
    stands first in `keepers`, and in at least `holders` different documents. Those of a document do not overlap."""

    documents: np.ndarray
    starts: np.ndarray
    stops: np.ndarray
    keepers: np.ndarray
    holders: np.ndarray


def number_words(hashes: Iterable[np.ndarray]) -> np.ndarray:
    """(W,) uint32: the words of all batches by number; equal words have equal numbers."""
    encoded = pa.chunked_array([pa.array(batch) for batch in hashes], pa.uint64()).dictionary_encode()
    return np.concatenate([np.empty(0, np.int32), *(chunk.indices.to_numpy() for chunk in encoded.chunks)]).view("u4")


def find_repeated_spans(ids: np.ndarray, offsets: np.ndarray, ranks: np.ndarray, config: SpanConfig) -> Spans:
    """`ids` (W,) uint32: document i has the words from offsets[i] to offsets[i + 1]; of the documents that hold a
    window, the one of the smallest of `ranks` (T,) keeps it."""
    size, least = np.int64(config.words), np.int64(config.documents)
    positions = np.flatnonzero(find_candidates(ids, offsets, size))
    ids = ids[positions]
    array = build_suffix_array(ids)
    first, holders = np.full(len(ids), -1, np.int32), np.zeros(len(ids), np.int32)
    _first_holders(array, ids, positions, offsets, ranks, size, least, first, holders)
    del array
    count = _fill_spans(first, holders, positions, offsets, size, np.empty((0, len(SPAN)), np.int64))
    rows = np.empty((count, len(SPAN)), np.int64)
    _fill_spans(first, holders, positions, offsets, size, rows)
    return Spans(
        documents=rows[:, SPAN.document],
        starts=rows[:, SPAN.start],
        stops=rows[:, SPAN.stop],
        keepers=rows[:, SPAN.keeper],
        holders=rows[:, SPAN.holders],
    )


def word_positions(texts: pa.Array | pa.ChunkedArray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(starts, stops, offsets): where the words of word_stream stand, in characters of their text; int64. Text i has
    those from offsets[i] to offsets[i + 1]."""
    data, bounds = utf8_buffers(texts)
    max_words = (int(bounds[-1] - bounds[0]) + len(bounds) - 1) // 2 + 1
    starts, stops, offsets = (
        np.empty(max_words, np.int64),
        np.empty(max_words, np.int64),
        np.zeros(len(bounds), np.int64),
    )
    count = _fill_word_positions(data, bounds, code_point_table(), starts, stops, offsets)
    return starts[:count], stops[:count], offsets


@kernel
def _same(ids, one, other, size):
    if one + size > len(ids) or other + size > len(ids):
        return False
    word = 0
    while word < size and ids[one + word] == ids[other + word]:
        word += 1
    return word == size


@kernel
def _text_of(window, positions, offsets, size):
    """The text that holds the window at one of the nominated words; -1 where these words are not side by side in it."""
    place = positions[window]
    text = np.searchsorted(offsets, place, side="right") - 1
    return text if positions[window + size - 1] == place + size - 1 and place + size <= offsets[text + 1] else -1


@kernel
def _first_holders(array, ids, positions, offsets, ranks, size, least, first, holders):
    """For each window that enough documents hold and another one keeps: who keeps it, and how many hold it."""
    begin = 0
    while begin < len(array):
        end = begin + 1
        while end < len(array) and _same(ids, array[end - 1], array[end], size):
            end += 1
        if end - begin >= least:
            windows = np.sort(array[begin:end])
            count, before, best = 0, -1, -1
            for window in windows:
                text = _text_of(window, positions, offsets, size)
                if text >= 0 and text != before:
                    count += 1
                    before = text
                    if best < 0 or ranks[text] < ranks[best]:
                        best = text
            if count >= least:
                for window in windows:
                    text = _text_of(window, positions, offsets, size)
                    if text >= 0 and text != best:
                        first[window], holders[window] = best, count
        begin = end


@kernel
def _fill_spans(first, holders, positions, offsets, size, rows):
    """Fills as many rows of the columns SPAN as there is room for; returns how many there are."""
    found, text = 0, 0
    start = stop = keeper = count = -1
    for window in range(len(first)):
        if first[window] < 0:
            continue
        place = positions[window]
        while place >= offsets[text + 1]:
            text += 1
            keeper = -1
        if first[window] == keeper and place <= stop:
            stop, count = place + size, min(count, holders[window])
        else:
            start = max(place, stop)
            stop, keeper, count = place + size, first[window], holders[window]
            found += 1
        if found <= len(rows):
            row = rows[found - 1]
            row[SPAN.document], row[SPAN.keeper], row[SPAN.holders] = text, keeper, count
            row[SPAN.start], row[SPAN.stop] = start - offsets[text], stop - offsets[text]
    return found


@kernel
def _fill_word_positions(data, bounds, table, starts, stops, offsets):
    """As corpus.text.scan finds words: letters with their marks, or one character of a script without spaces."""
    found = 0
    for text in range(len(bounds) - 1):
        place, end, position = bounds[text], bounds[text + 1], 0
        state = 0  # 1 in a word of letters, 2 after a character that is a word
        while place < end:
            code, step = decode_character(data, place, end)
            entry = np.int64(table[code])
            if entry & LETTER_BIT:
                if state != 1:
                    starts[found] = position
                    found += 1
                state = 1
            elif entry & MARK_BIT and state != 0:
                pass
            elif entry & UNSPACED_BIT:
                starts[found] = position
                found += 1
                state = 2
            else:
                state = 0
            position += 1
            place += step
            if state != 0:
                stops[found - 1] = position
        offsets[text + 1] = found
    return found

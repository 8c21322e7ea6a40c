"""Overlap: what of benchmark items stands in documents, word for word or nearly so.

    documents -> hits of grams     -> by text and diagonal, compared word by word       -> ngram matches
              -> hits of shingles  -> enough of one text together? its densest window   -> near matches

Exact but for hashes, and these only nominate: whatever is reported was compared as words.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from itertools import groupby
from typing import Any

import numpy as np
import pyarrow as pa

from corpus.contamination.benchmark_grams import ROUNDING, TOGETHER, BenchmarkNgrams
from corpus.contamination.grams import gram_words, hash_ngrams
from corpus.contamination.policy import NEAR, NGRAM
from corpus.repeats.spans import word_positions
from corpus.text.codepoints import MARK_BIT, code_point_table
from corpus.text.compiled import kernel

WINDOW = 1.5  # how many times its own length a near match may be spread over: words put in between


@dataclass(frozen=True, kw_only=True)
class Match:
    """A text of the benchmarks in a document of a batch; `start` and `stop` in its characters."""

    document: int
    text: int
    kind: str
    measure: float
    start: int
    stop: int


class ItemFinder:
    """Looks for the items of benchmarks."""

    def __init__(self, grams: BenchmarkNgrams) -> None:
        self.grams = grams
        self._words = cache(lambda text: gram_words(grams.texts[text]))

    def find(self, documents: pa.Array) -> list[Match]:
        """By document, text and kind. `documents`: large_string."""
        hits = self.grams.set.find(documents)
        if not len(hits.texts):
            return []
        first, last = self.grams.starts[hits.keys], self.grams.starts[hits.keys + 1]
        rows = np.repeat(np.arange(len(first)), last - first)
        posting = np.arange(len(rows)) - np.repeat(np.cumsum(last - first) - (last - first), last - first) + first[rows]
        document, position = hits.texts[rows], hits.positions[rows]
        text, at = self.grams.of[posting], self.grams.at[posting]
        chosen = np.flatnonzero(at >= 0)
        shingles = np.flatnonzero(at < 0)
        chosen = np.concatenate((chosen, self._close(document, text, position, hits.keys[rows], shingles)))
        order = chosen[np.lexsort(tuple(column[chosen] for column in (position, position - at, text, document)))]
        found: list[Match] = []
        columns = (column[order].tolist() for column in (document, text, position, at))
        for number, mine in groupby(zip(*columns, strict=True), key=lambda row: row[0]):
            looked = _Document(number, documents[number])
            for which, group in groupby(mine, key=lambda row: row[1]):
                found += self._of_text(looked, which, [row[2:] for row in group])
        return found

    def _close(
        self, document: np.ndarray, text: np.ndarray, position: np.ndarray, key: np.ndarray, rows: np.ndarray
    ) -> np.ndarray:
        """Of shingles that were hit those that begin so many different ones of one text, near enough to each other."""
        pair = document[rows] * len(self.grams.texts) + text[rows]
        order = np.argsort(pair, kind="stable")  # those of a text are of one size, and so rise already
        rows, pair = rows[order], pair[order]
        together, width = self.grams.together[text[rows]], self.grams.counts[text[rows]] * WINDOW
        chosen: np.ndarray = rows[mark_together(pair, position[rows], key[rows], together, width)]
        return chosen

    def _of_text(self, looked: _Document, text: int, hits: list[tuple[int, int]]) -> Iterator[Match]:
        same = self._same(looked, text, [hit for hit in hits if hit[1] >= 0])
        if same is not None:
            yield same
        if same is None or same.measure < self.grams.config.share:
            near = self._nearly(looked, text, [position for position, at in hits if at < 0])
            if near is not None:
                yield near

    def _same(self, looked: _Document, text: int, hits: list[tuple[int, int]]) -> Match | None:
        """`hits`: (word of the document, word of the text) where a gram begins, diagonal by diagonal."""
        mine = self._words(text)
        size, _, _ = self.grams.sizes(bool(self.grams.unspaced[text]))
        covered, longest = np.zeros(len(mine), bool), (0, 0)
        for position, at, grams in _runs(hits):
            length = grams - 1 + size if len(mine) >= size else len(mine)
            if looked.words(position, position + length) == mine[at : at + length]:
                covered[at : at + length] = True
                longest = max(longest, (length, -position))
        if not longest[0]:
            return None
        start, stop = looked.characters(-longest[1], longest[0] - longest[1])
        measure = float(covered.sum() / self.grams.usable[text])
        return Match(document=looked.number, text=text, kind=NGRAM, measure=measure, start=start, stop=stop)

    def _nearly(self, looked: _Document, text: int, places: list[int]) -> Match | None:
        """`positions`: rising words of the document, one of which is in any window that holds enough, before its
        end."""
        if not places:
            return None
        wanted = self.grams.shingles[text]
        _, _, size = self.grams.sizes(bool(self.grams.unspaced[text]))
        width = int(self.grams.counts[text] * WINDOW)
        count, first, last = 0, 0, 0
        for low, high in _stretches(places, width):
            begin = max(0, low - width)
            more, start, stop = find_densest_window(looked.shingles(size)[begin : high + width], wanted, width - size)
            if more > count:
                count, first, last = more, begin + start, begin + stop
        if count < self.grams.config.containment * len(wanted) - ROUNDING:
            return None
        there, mine = looked.words(first, last + size), self._words(text)
        known = set(wanted.tolist())
        hashes, _ = hash_ngrams(self.grams.array(np.array([text])), size)
        runs = {tuple(mine[at : at + size]) for at, value in enumerate(hashes.tolist()) if value in known}
        shared = runs & {tuple(there[at : at + size]) for at in range(len(there) - size + 1)}
        measure = len(shared) / len(runs)
        if measure < self.grams.config.containment - ROUNDING:
            return None
        start, stop = looked.characters(first, last + size)
        return Match(document=looked.number, text=text, kind=NEAR, measure=measure, start=start, stop=stop)


class _Document:
    """A document in which something was found: its words by position. Where they stand is asked of few, of those that
    hold an item or nearly so."""

    def __init__(self, number: int, text: Any) -> None:
        self.number = number
        self._text: str = text.as_py()
        self._array = pa.array([self._text], pa.large_string())
        self.shingles = cache(lambda size: hash_ngrams(self._array, size)[0])

    @cached_property
    def _bounds(self) -> tuple[np.ndarray, np.ndarray]:
        """(starts, stops) of the words, in characters."""
        starts, stops, _ = word_positions(self._array)
        first = np.frombuffer(self._text.encode("utf-32-le"), np.uint32)[starts]
        counted = code_point_table()[first] & MARK_BIT == 0  # as in gram_words
        return starts[counted], stops[counted]

    def characters(self, first: int, stop: int) -> tuple[int, int]:
        """Where the words from `first` to `stop` stand."""
        starts, stops = self._bounds
        return int(starts[first]), int(stops[stop - 1])

    def words(self, first: int, stop: int) -> list[str]:
        if stop > len(self._bounds[0]):
            return []
        start, end = self.characters(first, stop)
        return gram_words(self._text[start:end])


def _stretches(places: list[int], width: int) -> Iterator[tuple[int, int]]:
    """(first, last) of positions that no window that is `width` from both lies between."""
    begin = 0
    for end in range(1, len(places) + 1):
        if end == len(places) or places[end] - places[end - 1] > 2 * width:
            yield places[begin], places[end - 1]
            begin = end


def _runs(hits: list[tuple[int, int]]) -> Iterator[tuple[int, int, int]]:
    """(word of the document, word of the text, how many grams follow one another there)."""
    begin = 0
    for end in range(1, len(hits) + 1):
        if end == len(hits) or hits[end] != (hits[end - 1][0] + 1, hits[end - 1][1] + 1):
            yield (*hits[begin], end - begin)
            begin = end


@kernel
def mark_together(pairs, positions, keys, together, width):
    """Which hits have so many with different keys behind them, themselves the first, of the same pair of a document and
    a text and no farther away than `width`: a Boolean mask. Hits of a pair stand together, rising in position."""
    found = np.zeros(len(pairs), np.bool_)
    seen = np.empty(TOGETHER, np.int64)
    for here in range(len(pairs)):
        count, there = 0, here
        while count < together[here] and there < len(pairs) and pairs[there] == pairs[here]:
            if positions[there] - positions[here] > width[here]:
                break
            if (seen[:count] != keys[there]).all():
                seen[count] = keys[there]
                count += 1
            there += 1
        found[here] = count == together[here]
    return found


@kernel
def find_densest_window(shingles, wanted, width):
    """(how many different ones of `wanted`, sorted, first, last): the stretch of `shingles` no farther apart than
    `width` that has most of them; the first and shortest of such."""
    places = np.empty(len(shingles), np.int64)
    which = np.empty(len(shingles), np.int64)
    hits = 0
    for position in range(len(shingles)):
        key = np.searchsorted(wanted, shingles[position])
        if key < len(wanted) and wanted[key] == shingles[position]:
            places[hits], which[hits] = position, key
            hits += 1
    held = np.zeros(len(wanted), np.int64)
    best, first, last, different, left = 0, 0, 0, 0, 0
    for right in range(hits):
        different += held[which[right]] == 0
        held[which[right]] += 1
        while places[right] - places[left] > width or held[which[left]] > 1:
            held[which[left]] -= 1
            different -= held[which[left]] == 0
            left += 1
        if different > best:
            best, first, last = different, places[left], places[right]
    return best, first, last

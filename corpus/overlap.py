"""Overlap: what of benchmark items stands in documents, word for word or nearly so.

    items -> distinct texts -> runs of words (grams), shingles -> one set of hashes that a pass over documents looks for
    hits  -> by text and diagonal, compared word by word                          -> ngram matches
          -> by text, all its shingles looked for in the densest window           -> near matches

Exact but for hashes, and these only nominate: whatever is reported was compared as words.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import groupby
from typing import Any

import numpy as np
import pyarrow as pa

from corpus.codepoints import compiled
from corpus.contamination import NEAR, NGRAM, ContaminationConfig
from corpus.grams import GramSet, gram_hashes
from corpus.repeats.spans import word_places
from corpus.text import UNSPACED_CHARACTER, words

WINDOW = 1.5  # how many times its own length a near match may be spread over: words put in between
ROUNDING = 1e-9
TOGETHER = 3  # shingles that must stand within that before a text is looked at more closely
DIFFERENT = 0.5  # of the least words and shingles; "0.0.0.0.0.0.0.0" is no question


@dataclass(frozen=True, kw_only=True)
class Found:
    """A text of the benchmarks in a document of a batch; `start` and `stop` in its characters."""

    document: int
    text: int
    kind: str
    measure: float
    start: int
    stop: int


class BenchmarkIndex:
    """Items of any number of benchmarks: a table of task, item_id, part and text. A text that several have is one."""

    def __init__(self, items: pa.Table, config: ContaminationConfig) -> None:
        self.config = config
        owners: dict[str, list[tuple[str, str, str]]] = defaultdict(list)
        for row in items.select(["task", "item_id", "part", "text"]).to_pylist():
            owners[row["text"]].append((row["task"], row["item_id"], row["part"]))
        self.texts = sorted(owners)
        self.owners = [sorted(owners[text]) for text in self.texts]
        _, offsets = gram_hashes(self._array(), 1)
        self.counts = np.diff(offsets)
        characters = np.array([len(UNSPACED_CHARACTER.findall(text)) for text in self.texts], np.int64)
        self.unspaced = characters * 2 > self.counts
        self._words = cache(lambda text: words(self.texts[text]))
        self._build()

    def _array(self, chosen: np.ndarray | None = None) -> pa.Array:
        texts = pa.array(self.texts, pa.large_string())
        return texts if chosen is None else texts.take(pa.array(chosen))

    def _build(self) -> None:
        """`usable`: of each text how many of its words are in some gram that is no template; 0 is too short to tell."""
        self.usable = np.zeros(len(self.texts), np.int64)
        self._shingles: dict[int, np.ndarray] = {}
        self._together = np.zeros(len(self.texts), np.int64)
        different = _different(*gram_hashes(self._array(), 1))
        grams: list[tuple[np.ndarray, np.ndarray, np.ndarray]] = []
        sizes: dict[bool, tuple[int, ...]] = {}
        for unspaced in (False, True):
            size, least, shingle = self._sizes(unspaced)
            mine = np.flatnonzero((self.unspaced == unspaced) & (different >= least * DIFFERENT))
            mine = mine[self.counts[mine] >= least]
            if not len(mine):
                continue
            long = self.counts[mine] >= size
            whole = self._grams(mine[long], size)
            begun = self._grams(mine[~long], least, first_alone=True)
            self._cover(whole, size)
            self.usable[begun[1]] = self.counts[begun[1]]
            sizes[unspaced] = size, least, shingle
            grams += [whole, begun, self._near(mine[long], shingle)]
        keys, self._of, self._at = (np.concatenate(column) for column in zip(*grams, strict=True)) if grams else (
            np.empty(0, np.uint64), np.empty(0, np.int64), np.empty(0, np.int64)
        )
        order = np.lexsort((self._at, self._of, keys))
        keys, self._of, self._at = keys[order], self._of[order], self._at[order]
        distinct, starts = np.unique(keys, return_index=True)
        self._starts = np.append(starts, len(keys))
        spaced = sizes.get(False, ())
        alone = [size for size in sizes.get(True, ()) if size not in spaced]
        self._set = GramSet(distinct, [*spaced, *alone], alone)

    def _sizes(self, unspaced: bool) -> tuple[int, int, int]:
        config = self.config
        size, least, shingle = (
            config.size(number, unspaced) for number in (config.words, config.least_words, config.shingle_words)
        )
        return size, least, shingle

    def _grams(
        self, chosen: np.ndarray, size: int, first_alone: bool = False
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """(hash, text, place in its words) of the grams of some texts, templates left out."""
        hashes, offsets = gram_hashes(self._array(chosen), size)
        owners = np.repeat(chosen, np.diff(offsets))
        places = np.arange(len(hashes)) - np.repeat(offsets[:-1], np.diff(offsets))
        stay = ~self._templates(hashes, owners)
        if first_alone:
            stay &= places == 0
        return hashes[stay], owners[stay], places[stay]

    def _templates(self, hashes: np.ndarray, owners: np.ndarray) -> np.ndarray:
        """Which grams more than `shared` different texts have."""
        order = np.lexsort((owners, hashes))
        ordered, of = hashes[order], owners[order]
        new = np.ones(len(ordered), bool)
        new[1:] = (ordered[1:] != ordered[:-1]) | (of[1:] != of[:-1])
        _, inverse = np.unique(ordered, return_inverse=True)
        many = np.bincount(inverse, weights=new) > self.config.shared
        found = np.empty(len(hashes), bool)
        found[order] = many[inverse]
        return found

    def _cover(self, grams: tuple[np.ndarray, np.ndarray, np.ndarray], size: int) -> None:
        """Counts the words of each text that its grams cover; they are in the order of texts and places."""
        _, texts, places = grams
        same = texts[1:] == texts[:-1]
        added = np.full(len(texts), size, np.int64)
        added[1:][same] = np.minimum(size, np.diff(places)[same])
        np.add.at(self.usable, texts, added)

    def _near(self, chosen: np.ndarray, size: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Of each text so many of its shingles that a document without one of them cannot hold `containment` of it: those
        with the rarest words."""
        array = self._array(chosen)
        hashes, offsets = gram_hashes(array, size)
        alone, bounds = gram_hashes(array, 1)
        _, inverse, counts = np.unique(alone, return_inverse=True, return_counts=True)
        frequency = counts[inverse]
        owners = np.repeat(np.arange(len(chosen)), np.diff(offsets))
        at = np.arange(len(hashes)) - offsets[owners] + bounds[owners]
        rarest = np.min([frequency[at + word] for word in range(size)], axis=0) if len(hashes) else at
        stay = ~self._templates(hashes, owners)
        hashes, owners, rarest = hashes[stay], owners[stay], rarest[stay]
        order = np.lexsort((hashes, owners))
        hashes, owners, rarest = hashes[order], owners[order], rarest[order]
        new = np.ones(len(hashes), bool)
        new[1:] = (hashes[1:] != hashes[:-1]) | (owners[1:] != owners[:-1])
        hashes, owners, rarest = hashes[new], owners[new], rarest[new]
        sizes = np.bincount(owners, minlength=len(chosen))
        ends = np.cumsum(sizes)
        enough = sizes >= (self.counts[chosen] - size + 1) * DIFFERENT
        for number in np.flatnonzero(enough):
            self._shingles[int(chosen[number])] = hashes[ends[number] - sizes[number] : ends[number]]
        least = np.ceil(sizes * self.config.containment - ROUNDING).astype(np.int64)
        together = np.minimum(TOGETHER, least)
        self._together[chosen] = together
        order = np.lexsort((hashes, rarest, owners))
        rank = np.arange(len(order)) - (ends - sizes)[owners[order]]
        stay = enough[owners[order]] & (rank < (sizes - least + together)[owners[order]])
        kept = order[stay]
        return hashes[kept], chosen[owners[kept]], np.full(len(kept), -1, np.int64)

    def too_short(self) -> list[tuple[str, str]]:
        """(task, item_id) of the items of which nothing can be told."""
        told = {owner[:2] for text in np.flatnonzero(self.usable).tolist() for owner in self.owners[text]}
        return sorted({owner[:2] for owners in self.owners for owner in owners} - told)

    # Looking ----------------------------------------------------------------------------------------------------

    def find(self, documents: pa.Array) -> list[Found]:
        """By document, text and kind. `documents`: large_string."""
        hits = self._set.find(documents)
        if not len(hits.texts):
            return []
        first, last = self._starts[hits.keys], self._starts[hits.keys + 1]
        rows = np.repeat(np.arange(len(first)), last - first)
        posting = np.arange(len(rows)) - np.repeat(np.cumsum(last - first) - (last - first), last - first) + first[rows]
        document, place = hits.texts[rows], hits.places[rows]
        text, at = self._of[posting], self._at[posting]
        chosen = np.flatnonzero(at >= 0)
        chosen = np.concatenate((chosen, self._close(document, text, place, np.flatnonzero(at < 0))))
        order = chosen[np.lexsort(tuple(column[chosen] for column in (place, place - at, text, document)))]
        found: list[Found] = []
        columns = (column[order].tolist() for column in (document, text, place, at))
        for number, mine in groupby(zip(*columns, strict=True), key=lambda row: row[0]):
            looked = _Document(number, documents[number])
            for which, group in groupby(mine, key=lambda row: row[1]):
                found += self._of_text(looked, which, [row[2:] for row in group if row[3] >= 0])
        return found

    def _close(self, document: np.ndarray, text: np.ndarray, place: np.ndarray, rows: np.ndarray) -> np.ndarray:
        """Of shingles that were hit those that begin so many of one text, near enough to each other."""
        rows = rows[np.lexsort((place[rows], text[rows], document[rows]))]
        other = np.arange(len(rows)) + self._together[text[rows]] - 1
        inside = np.flatnonzero(other < len(rows))
        here, there = rows[inside], rows[other[inside]]
        near = (document[here] == document[there]) & (text[here] == text[there])
        near &= place[there] - place[here] <= self.counts[text[here]] * WINDOW
        chosen: np.ndarray = here[near]
        return chosen

    def _of_text(self, looked: _Document, text: int, hits: list[tuple[int, int]]) -> Iterator[Found]:
        same = self._same(looked, text, hits) if hits else None
        if same is not None:
            yield same
        if same is None or same.measure < self.config.share:
            near = self._nearly(looked, text)
            if near is not None:
                yield near

    def _same(self, looked: _Document, text: int, hits: list[tuple[int, int]]) -> Found | None:
        """`hits`: (word of the document, word of the text) where a gram begins, diagonal by diagonal."""
        mine = self._words(text)
        size, _, _ = self._sizes(bool(self.unspaced[text]))
        covered, longest = np.zeros(len(mine), bool), (0, 0)
        for place, at, grams in _runs(hits):
            length = grams - 1 + size if len(mine) >= size else len(mine)
            if looked.words(place, place + length) == mine[at : at + length]:
                covered[at : at + length] = True
                longest = max(longest, (length, -place))
        if not longest[0]:
            return None
        start, stop = looked.characters(-longest[1], longest[0] - longest[1])
        measure = float(covered.sum() / self.usable[text])
        return Found(document=looked.number, text=text, kind=NGRAM, measure=measure, start=start, stop=stop)

    def _nearly(self, looked: _Document, text: int) -> Found | None:
        wanted = self._shingles.get(text)
        if wanted is None:
            return None
        _, _, size = self._sizes(bool(self.unspaced[text]))
        count, first, last = densest(looked.shingles(size), wanted, int(self.counts[text] * WINDOW) - size)
        if count < self.config.containment * len(wanted) - ROUNDING:
            return None
        there, mine = looked.words(first, last + size), self._words(text)
        known = set(wanted.tolist())
        hashes, _ = gram_hashes(self._array(np.array([text])), size)
        runs = {tuple(mine[at : at + size]) for at, value in enumerate(hashes.tolist()) if value in known}
        shared = runs & {tuple(there[at : at + size]) for at in range(len(there) - size + 1)}
        measure = len(shared) / len(runs)
        if measure < self.config.containment - ROUNDING:
            return None
        start, stop = looked.characters(first, last + size)
        return Found(document=looked.number, text=text, kind=NEAR, measure=measure, start=start, stop=stop)


class _Document:
    """A document in which something was found: its words by place."""

    def __init__(self, number: int, text: Any) -> None:
        self.number = number
        self._text: str = text.as_py()
        self._array = pa.array([self._text], pa.large_string())
        self._starts, self._stops, _ = word_places(self._array)
        self.shingles = cache(lambda size: gram_hashes(self._array, size)[0])

    def characters(self, first: int, stop: int) -> tuple[int, int]:
        """Where the words from `first` to `stop` stand."""
        return int(self._starts[first]), int(self._stops[stop - 1])

    def words(self, first: int, stop: int) -> list[str]:
        if stop > len(self._starts):
            return []
        start, end = self.characters(first, stop)
        return words(self._text[start:end])


def _different(values: np.ndarray, offsets: np.ndarray) -> np.ndarray:
    """How many different values each text has."""
    owners = np.repeat(np.arange(len(offsets) - 1), np.diff(offsets))
    order = np.lexsort((values, owners))
    new = np.ones(len(values), bool)
    new[1:] = (np.diff(values[order]) != 0) | (np.diff(owners[order]) != 0)
    return np.bincount(owners[order][new], minlength=len(offsets) - 1)


def _runs(hits: list[tuple[int, int]]) -> Iterator[tuple[int, int, int]]:
    """(word of the document, word of the text, how many grams follow one another there)."""
    begin = 0
    for end in range(1, len(hits) + 1):
        if end == len(hits) or hits[end] != (hits[end - 1][0] + 1, hits[end - 1][1] + 1):
            yield (*hits[begin], end - begin)
            begin = end


@compiled
def densest(shingles, wanted, width):  # type: ignore[no-untyped-def]
    """(how many different ones of `wanted`, sorted, first, last): the stretch of `shingles` no farther apart than
    `width` that has most of them; the first and shortest of such."""
    places = np.empty(len(shingles), np.int64)
    which = np.empty(len(shingles), np.int64)
    hits = 0
    for place in range(len(shingles)):
        key = np.searchsorted(wanted, shingles[place])
        if key < len(wanted) and wanted[key] == shingles[place]:
            places[hits], which[hits] = place, key
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

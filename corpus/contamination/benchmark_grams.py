"""Benchmark grams: what to look for in documents, of all items of all benchmarks: runs of words, and shingles.

items -> distinct texts -> runs of 13 words; the beginning of a shorter text   -> one set of hashes,
                        -> the rarest shingles                                    and the texts of each
"""

from __future__ import annotations

from collections import defaultdict

import numpy as np
import pyarrow as pa

from corpus.contamination.grams import NgramIndex, hash_ngrams
from corpus.contamination.policy import ContaminationConfig
from corpus.text.normal_form import UNSPACED_CHARACTER, normalise

ROUNDING = 1e-9
TOGETHER = 4  # shingles that must stand near each other before a text is looked at more closely
DIFFERENT = 0.5  # of the least words and shingles; "0.0.0.0.0.0.0.0" is no question


class BenchmarkNgrams:
    """Items of any number of benchmarks: a table of task, item_id, part and text. A text that several have is one of
    `texts`, with all of them as its `owners`; texts are in the form that those of documents have, such as NFC.

    Of text i: `counts` words, `unspaced` if most of them are characters, and `usable` of them in some gram that is no
    template; 0 is too short to tell. `shingles` of those texts that are long enough to be nearly matched, as sorted
    sets. Gram `keys[k]` is that of texts `of[starts[k]:starts[k + 1]]`, from their words `at`; -1 for a shingle, of
    which `together[i]` must stand near each other.
    """

    def __init__(self, items: pa.Table, config: ContaminationConfig) -> None:
        self.config = config
        owners: dict[str, list[tuple[str, str, str]]] = defaultdict(list)
        for row in items.select(["task", "item_id", "part", "text"]).to_pylist():
            owners[normalise(row["text"])].append((row["task"], row["item_id"], row["part"]))
        self.texts = sorted(owners)
        self._array = pa.array(self.texts, pa.large_string())
        self.owners = [sorted(owners[text]) for text in self.texts]
        _, offsets = hash_ngrams(self.array(), 1)
        self.counts = np.diff(offsets)
        characters = np.array([len(UNSPACED_CHARACTER.findall(text)) for text in self.texts], np.int64)
        self.unspaced = characters * 2 > self.counts
        self._build()

    def array(self, chosen: np.ndarray | None = None) -> pa.Array:
        return self._array if chosen is None else self._array.take(pa.array(chosen))

    def _build(self) -> None:
        self.usable = np.zeros(len(self.texts), np.int64)
        self.shingles: dict[int, np.ndarray] = {}
        self.together = np.zeros(len(self.texts), np.int64)
        different = _different(*hash_ngrams(self.array(), 1))
        grams = [(np.empty(0, np.uint64), np.empty(0, np.int64), np.empty(0, np.int64))]
        words = [0]
        spaced: set[int] = set()
        for unspaced in (False, True):
            size, least, shingle = self.sizes(unspaced)
            mine = np.flatnonzero((self.unspaced == unspaced) & (different >= least * DIFFERENT))
            mine = mine[self.counts[mine] >= least]
            if not len(mine):
                continue
            long = self.counts[mine] >= size
            whole = self._grams(mine[long], size)
            begun = self._grams(mine[~long], least, first_alone=True)
            self._cover(whole, size)
            self.usable[begun[1]] = self.counts[begun[1]]
            grams += [whole, begun, self._near(mine[long], shingle)]
            words += [size, least, shingle]
            if not unspaced:
                spaced |= {*words}
        keys, of, at = (np.concatenate(column) for column in zip(*grams, strict=True))
        sizes = np.repeat(words, [len(found) for found, _, _ in grams])
        order = np.lexsort((at, of, keys))
        keys, self.of, self.at = keys[order], of[order], at[order]
        distinct, starts = np.unique(keys, return_index=True)
        self.starts = np.append(starts, len(keys))
        self.set = NgramIndex(distinct, sizes[order][starts], {*words} - spaced)

    def sizes(self, unspaced: bool) -> tuple[int, int, int]:
        config = self.config
        size, least, shingle = (
            config.size(number, unspaced) for number in (config.words, config.min_words, config.shingle_words)
        )
        return size, least, shingle

    def _grams(
        self, chosen: np.ndarray, size: int, first_alone: bool = False
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """(hash, text, position in its words) of the grams of some texts, templates left out."""
        hashes, offsets = hash_ngrams(self.array(chosen), size)
        owners = np.repeat(chosen, np.diff(offsets))
        positions = np.arange(len(hashes)) - np.repeat(offsets[:-1], np.diff(offsets))
        stay = ~self._templates(hashes, owners)
        if first_alone:
            stay &= positions == 0
        return hashes[stay], owners[stay], positions[stay]

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
        """Counts the words of each text that its grams cover; they are in the order of texts and positions."""
        _, texts, positions = grams
        same = texts[1:] == texts[:-1]
        added = np.full(len(texts), size, np.int64)
        added[1:][same] = np.minimum(size, np.diff(positions)[same])
        np.add.at(self.usable, texts, added)

    def _near(self, chosen: np.ndarray, size: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Of each text so many of its shingles, those with the rarest words, that a document which holds `containment`
        of all holds `together` of these."""
        array = self.array(chosen)
        hashes, offsets = hash_ngrams(array, size)
        alone, bounds = hash_ngrams(array, 1)
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
            self.shingles[int(chosen[number])] = hashes[ends[number] - sizes[number] : ends[number]]
        least = np.ceil(sizes * self.config.containment - ROUNDING).astype(np.int64)
        together = np.minimum(TOGETHER, least)
        self.together[chosen] = together
        order = np.lexsort((hashes, rarest, owners))
        rank = np.arange(len(order)) - (ends - sizes)[owners[order]]
        stay = enough[owners[order]] & (rank < (sizes - least + together)[owners[order]])
        kept = order[stay]
        return hashes[kept], chosen[owners[kept]], np.full(len(kept), -1, np.int64)

    def too_short(self) -> list[tuple[str, str]]:
        """(task, item_id) of the items of which nothing can be told."""
        told = {owner[:2] for text in np.flatnonzero(self.usable).tolist() for owner in self.owners[text]}
        return sorted({owner[:2] for owners in self.owners for owner in owners} - told)


def _different(values: np.ndarray, offsets: np.ndarray) -> np.ndarray:
    """How many different values each text has."""
    owners = np.repeat(np.arange(len(offsets) - 1), np.diff(offsets))
    order = np.lexsort((values, owners))
    new = np.ones(len(values), bool)
    new[1:] = (np.diff(values[order]) != 0) | (np.diff(owners[order]) != 0)
    return np.bincount(owners[order][new], minlength=len(offsets) - 1)

"""MinHash: shingles -> signatures -> band keys. Equal keys nominate a pair; measured similarity decides.

A permutation of the 32-bit integers is x -> a x + b with an odd a, and a signature holds the least value of each
permutation. Sources: Broder 1997, "On the resemblance and containment of documents"; Broder et al. 2000, "Min-wise
independent permutations", on such linear ones; Leskovec, Rajaraman, Ullman, "Mining of Massive Datasets", chapter 3.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from math import comb
from typing import Literal

import numpy as np
import pyarrow as pa
from numba import types

from corpus.codepoints import compiled
from corpus.shingles import FACTOR, MULTIPLIER, SHIFT, Shingles, shingles

LIBRARIES = {"datasketch": version("datasketch")}
HALF = np.uint64(32)
HIGHEST, STEP = 0.95, 0.05
MISSED = 1e-5


@dataclass(frozen=True, kw_only=True)
class Signing:
    """What decides the band keys of a text: only those made alike can be compared."""

    bands: int
    rows: int
    shingle_words: int
    seed: int


@dataclass(frozen=True, kw_only=True)
class DuplicateConfig:
    """`threshold`: a document is removed when its similarity to one that stays is at least this. `measure`: their
    Jaccard similarity, or how much of the document's shingles the one that stays contains. `same_url`: of documents
    with one canonical URL, "keep" leaves all to the comparison of texts, "first" and "latest" leave one.
    `scope`: whether crawls are compared with earlier ones or each with itself. `crawls`: ids of those that come first,
    in this order; the others follow by name.
    """

    threshold: float = 0.8
    measure: Literal["jaccard", "containment"] = "jaccard"
    scope: Literal["together", "apart"] = "together"
    same_url: Literal["keep", "first", "latest"] = "keep"
    permutations: int = 128
    shingle_words: int = 5
    seed: int = 1
    crawls: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not 0 < self.threshold <= 1:
            raise ValueError(f"threshold {self.threshold}: a similarity above 0 and at most 1 is needed")
        if self.permutations < 1 or self.shingle_words < 1:
            raise ValueError(f"permutations {self.permutations}, shingle_words {self.shingle_words}: at least 1 each")

    def signing(self) -> Signing:
        bands, rows = best_bands(self.threshold, self.permutations)
        return Signing(bands=bands, rows=rows, shingle_words=self.shingle_words, seed=self.seed)

    def agreeing(self) -> int:
        """In how many bands a pair must agree to be a candidate: as many as can be asked for without missing more."""
        bands, rows = best_bands(self.threshold, self.permutations)
        return max(count for count in range(1, bands + 1) if count == 1 or self._missed(bands, rows, count) <= MISSED)

    def _missed(self, bands: int, rows: int, agreeing: int) -> float:
        return 1 - nominated(self.threshold, bands, rows, agreeing)


def nominated(similarity: float, bands: int, rows: int, agreeing: int) -> float:
    """The probability that a pair of this Jaccard similarity agrees in so many bands: the S-curve."""
    band = similarity**rows
    return 1 - sum(comb(bands, hits) * band**hits * (1 - band) ** (bands - hits) for hits in range(agreeing))


@cache
def best_bands(threshold: float, permutations: int) -> tuple[int, int]:
    """(bands, rows) that datasketch finds optimal for the highest similarity, from the threshold downwards, with which
    a pair at the threshold itself is missed no more often than MISSED. Its own for the threshold would miss half of the
    pairs that have just that. Where the permutations allow no such choice: as many bands as there are.
    """
    from datasketch import MinHashLSH  # brings scipy, 0.4 s, which most commands have no use for

    for target in np.arange(min(threshold, HIGHEST), STEP, -STEP):  # above, it finds no two bands
        lsh = MinHashLSH(threshold=float(target), num_perm=permutations, weights=(0.1, 0.9))
        if 1 - nominated(threshold, lsh.b, lsh.r, 1) <= MISSED:
            return lsh.b, lsh.r
    return permutations, 1


@cache
def _permutations(count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """(a, b), each (count,) uint32, from numpy's frozen generator."""
    random = np.random.RandomState(seed)
    odd = random.randint(0, 2**31, count, dtype=np.int64) * 2 + 1
    return odd.astype(np.uint32), random.randint(0, 2**32, count, dtype=np.int64).astype(np.uint32)


def signatures(shingled: Shingles, signing: Signing) -> np.ndarray:
    """(texts, bands x rows) uint32: what `datasketch.MinHash(hashvalues=...)` takes."""
    found = np.empty((len(shingled), signing.bands * signing.rows), np.uint32)
    _sign(shingled.values, shingled.offsets, *_permutations(found.shape[1], signing.seed), found)
    return found


def band_keys(texts: pa.Array | pa.ChunkedArray, signing: Signing) -> tuple[np.ndarray, np.ndarray]:
    """(texts, bands) uint64 and the digests of `shingles`: documents that share a key are candidates. Keys of different
    bands differ."""
    shingled, digests = shingles(texts, signing.shingle_words)
    found = np.empty((len(shingled), signing.bands), np.uint64)
    _keys(signatures(shingled, signing), signing.rows, found)
    return found, digests


@compiled
def _sign(values, offsets, factors, terms, found):  # type: ignore[no-untyped-def]
    """One instruction works on 8 or 16 permutations. Four values at a time: what costs is to load and store them."""
    for text in range(len(offsets) - 1):
        row = found[text]
        row[:] = 0xFFFFFFFF
        place, stop = offsets[text], offsets[text + 1]
        while place + 4 <= stop:
            a, b = types.uint32(values[place] >> HALF), types.uint32(values[place + 1] >> HALF)
            c, d = types.uint32(values[place + 2] >> HALF), types.uint32(values[place + 3] >> HALF)
            for number in range(len(row)):
                factor, term = factors[number], terms[number]
                left = min(types.uint32(factor * a + term), types.uint32(factor * b + term))
                right = min(types.uint32(factor * c + term), types.uint32(factor * d + term))
                row[number] = min(row[number], min(left, right))
            place += 4
        while place < stop:
            a = types.uint32(values[place] >> HALF)
            for number in range(len(row)):
                row[number] = min(row[number], types.uint32(factors[number] * a + terms[number]))
            place += 1


@compiled
def _keys(signed, rows, found):  # type: ignore[no-untyped-def]
    for text in range(len(found)):
        for band in range(found.shape[1]):
            key = types.uint64(band + 1) * FACTOR
            for row in range(band * rows, band * rows + rows):
                key = key * MULTIPLIER + signed[text, row]
                key ^= key >> SHIFT
            key *= FACTOR
            found[text, band] = key ^ (key >> SHIFT)

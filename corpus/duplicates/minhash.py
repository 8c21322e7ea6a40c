"""MinHash: shingles -> signatures -> band keys. Equal keys nominate a pair; measured similarity decides.

A permutation of the 32-bit integers is x -> a x + b with an odd a, and a signature holds the minimum value of each
permutation. Sources: Broder 1997, "On the resemblance and containment of documents"; Broder et al. 2000, "Min-wise
independent permutations", on such linear ones; Leskovec, Rajaraman, Ullman, "Mining of Massive Datasets", chapter 3.
"""

from __future__ import annotations

from functools import cache

import numpy as np
import pyarrow as pa
from numba import types

from corpus.duplicates.banding import SignatureConfig
from corpus.duplicates.shingles import MULTIPLIER, Shingles, compute_shingles
from corpus.text.compiled import FACTOR, SHIFT, kernel

HALF = np.uint64(32)


@cache
def _permutations(count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """(a, b), each (count,) uint32, from numpy's frozen generator."""
    random = np.random.RandomState(seed)
    odd = random.randint(0, 2**31, count, dtype=np.int64) * 2 + 1
    return odd.astype(np.uint32), random.randint(0, 2**32, count, dtype=np.int64).astype(np.uint32)


def compute_signatures(shingled: Shingles, signing: SignatureConfig) -> np.ndarray:
    """(texts, bands x rows) uint32: what `datasketch.MinHash(hashvalues=...)` takes."""
    found = np.empty((len(shingled), signing.bands * signing.rows), np.uint32)
    _sign(shingled.values, shingled.offsets, *_permutations(found.shape[1], signing.seed), found)
    return found


def compute_band_keys(texts: pa.Array | pa.ChunkedArray, signing: SignatureConfig) -> tuple[np.ndarray, np.ndarray]:
    """(texts, bands) uint64 and the digests of `shingles`: documents that share a key are candidates. Keys of different
    bands differ."""
    shingled, digests = compute_shingles(texts, signing.shingle_words)
    found = np.empty((len(shingled), signing.bands), np.uint64)
    _keys(compute_signatures(shingled, signing), signing.rows, found)
    return found, digests


@kernel
def _sign(values, offsets, factors, terms, found):
    """One instruction works on 8 or 16 permutations. Four values at a time: what costs is to load and store them."""
    for text in range(len(offsets) - 1):
        row = found[text]
        row[:] = 0xFFFFFFFF
        position, stop = offsets[text], offsets[text + 1]
        while position + 4 <= stop:
            a, b = types.uint32(values[position] >> HALF), types.uint32(values[position + 1] >> HALF)
            c, d = types.uint32(values[position + 2] >> HALF), types.uint32(values[position + 3] >> HALF)
            for number in range(len(row)):
                factor, term = factors[number], terms[number]
                left = min(types.uint32(factor * a + term), types.uint32(factor * b + term))
                right = min(types.uint32(factor * c + term), types.uint32(factor * d + term))
                row[number] = min(row[number], min(left, right))
            position += 4
        while position < stop:
            a = types.uint32(values[position] >> HALF)
            for number in range(len(row)):
                row[number] = min(row[number], types.uint32(factors[number] * a + terms[number]))
            position += 1


@kernel
def _keys(signed, rows, found):
    for text in range(len(found)):
        for band in range(found.shape[1]):
            key = types.uint64(band + 1) * FACTOR
            for row in range(band * rows, band * rows + rows):
                key = key * MULTIPLIER + signed[text, row]
                key ^= key >> SHIFT
            key *= FACTOR
            found[text, band] = key ^ (key >> SHIFT)

"""N-grams: texts -> the buckets of their words and of their pairs of words, hashed, in NumPy over Arrow's buffers."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pyarrow as pa

from corpus.text.compiled import FACTOR, SHIFT
from corpus.text.words import find_words

BUCKETS = 1 << 18
TIMES = np.uint64(31)  # a pair is not the same in the other order


def count_ngrams(texts: Iterable[pa.Array]) -> tuple[np.ndarray, int]:
    """How often each bucket comes, (BUCKETS,) int64, and the number of texts. `texts`: large strings in batches."""
    counts, number = np.zeros(BUCKETS, np.int64), 0
    for batch in texts:
        number += len(batch)
        for buckets, _ in find_ngrams(batch):
            counts += np.bincount(buckets, minlength=BUCKETS)
    return counts, number


def find_ngrams(texts: pa.Array) -> list[tuple[np.ndarray, np.ndarray]]:
    """Of words and of pairs of them, (buckets (N,) int64, offsets (texts + 1,)): text i has those from offsets[i] to
    offsets[i + 1]."""
    found = find_words(texts)
    hashes, offsets = found.hashes, found.offsets
    first = np.ones(len(hashes), bool)  # words before which there is none in their text
    first[1:] = False
    first[offsets[:-1][offsets[:-1] < len(hashes)]] = True
    second = np.flatnonzero(~first)
    pairs = hashes[second - 1] * TIMES + hashes[second]
    pairs = (pairs ^ pairs >> SHIFT) * FACTOR
    before = np.concatenate([[0], np.cumsum(~first)])
    return [(_bucket(hashes), offsets), (_bucket(pairs), before[offsets])]


def _bucket(hashes: np.ndarray) -> np.ndarray:
    return (hashes >> np.uint64(64 - BUCKETS.bit_length() + 1)).astype(np.int64)

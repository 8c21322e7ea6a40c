"""All pairs: the exact Jaccard similarity of every pair of texts, with nothing of the product's own."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy.sparse import csr_array, triu

# Thai to Khmer, kana, Han: without spaces between words, so each character is one.
UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005-\u3007\u3041-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
    "\U00020000-\U0003ffff"
)
WORD = re.compile(f"[{UNSPACED}]|[^\\W{UNSPACED}]+")


def shingle_set(text: str) -> frozenset[tuple[str, ...]]:
    words = WORD.findall(text.lower()) or ["", *text.split()]
    return frozenset(tuple(words[place : place + 5]) for place in range(max(1, len(words) - 4)))


def jaccard(left: frozenset[Any], right: frozenset[Any]) -> float:
    return len(left & right) / len(left | right)


def similar_pairs(sets: Sequence[frozenset[Any]], least: float) -> dict[tuple[int, int], float]:
    """Every pair of places, rising, of at least this similarity: by an inverted index, as a product of matrices."""
    sizes = np.array(list(map(len, sets)))
    numbers: dict[Any, int] = {}
    columns = [numbers.setdefault(shingle, len(numbers)) for one in sets for shingle in one]
    rows = np.repeat(np.arange(len(sets)), sizes)
    index = csr_array((np.ones(len(rows), np.int32), (rows, columns)))
    shared = triu(index @ index.T, k=1).tocoo()
    left, right = shared.coords
    values = shared.data / (sizes[left] + sizes[right] - shared.data)
    found = values >= least
    return dict(zip(zip(left[found].tolist(), right[found].tolist(), strict=True), values[found].tolist(), strict=True))

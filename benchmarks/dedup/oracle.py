r"""Oracle: which documents are alike, exactly, and what a system's survivors are worth beside that.

A document is the set of its runs of WORDS words, of which `\w+` in its lower-case form are the words, with the marks
that belong to their letters (vowel signs of Bengali, accents), and in scripts without spaces each character is one; a
shorter document is one run. Every run gets a number of its own by sorting, so nothing is hashed, and the intersections
of all pairs are one product of a sparse matrix with its own transpose, so no pair is left out. None of Headwater's own
code is used.
"""

from __future__ import annotations

import re
import sys
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array

WORDS = 5
LEAST = 0.5  # pairs below are not kept
WRONG_BELOW = 0.8
UNSPACED = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005-\u3007\u3041-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
MARKS = "".join(mark for mark in map(chr, range(sys.maxunicode + 1)) if unicodedata.category(mark).startswith("M"))
WORD = re.compile(f"[{UNSPACED}]|(?:[^\\W{UNSPACED}]|(?![{UNSPACED}])[{MARKS}])+")
STEP = 512  # documents whose intersections with all others are in memory at a time


@dataclass(frozen=True, kw_only=True)
class Pairs:
    """Rows `left` < `right` of documents whose Jaccard similarity is LEAST or more."""

    left: np.ndarray
    right: np.ndarray
    jaccard: np.ndarray

    def among_first(self, rows: int) -> Pairs:
        """Those of the first documents alone."""
        inside = self.right < rows
        return Pairs(left=self.left[inside], right=self.right[inside], jaccard=self.jaccard[inside])


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """`caught`: by similarity, the share of pairs at or above it of which not both stay (None: there is none).
    `wrong`: the share of the removed documents that are below WRONG_BELOW to every document that stays."""

    removed: int
    pairs: dict[float, int]
    caught: dict[float, float | None]
    wrong: float


def all_pairs(texts: Sequence[str]) -> Pairs:
    sets = _sets(texts)
    sizes = np.diff(sets.indptr)
    others = sets.T.tocsr()
    left, right, jaccard = [], [], []
    for first in range(0, sets.shape[0], STEP):
        common = (sets[first : first + STEP] @ others).tocoo()
        a, b = common.row + first, common.col
        similar = common.data / (sizes[a] + sizes[b] - common.data)
        chosen = (a < b) & (similar >= LEAST)
        left.append(a[chosen])
        right.append(b[chosen])
        jaccard.append(similar[chosen])
    return Pairs(left=np.concatenate(left), right=np.concatenate(right), jaccard=np.concatenate(jaccard))


def judge(pairs: Pairs, stays: np.ndarray, levels: Iterable[float] = (0.8, 0.9)) -> Verdict:
    """`stays`: whether each document does, shape (documents,)."""
    both = stays[pairs.left] & stays[pairs.right]
    counts = {level: int((pairs.jaccard >= level).sum()) for level in levels}
    caught = {
        level: 1 - int((both & (pairs.jaccard >= level)).sum()) / count if count else None
        for level, count in counts.items()
    }
    near = pairs.jaccard >= WRONG_BELOW
    rightly = np.zeros(len(stays), bool)
    rightly[pairs.left[near & stays[pairs.right]]] = True
    rightly[pairs.right[near & stays[pairs.left]]] = True
    removed = int((~stays).sum())
    wrong = int((~stays & ~rightly).sum()) / removed if removed else 0.0
    return Verdict(removed=removed, pairs=counts, caught=caught, wrong=wrong)


def _sets(texts: Sequence[str]) -> csr_array:
    """Shape (documents, distinct runs), 1 where the document has the run."""
    rows, runs = [], []
    numbers: dict[str, int] = {}  # from 1; 0 is what a short document is filled up with
    for row, text in enumerate(texts):
        words = [numbers.setdefault(word, len(numbers) + 1) for word in WORD.findall(text.lower())]
        words += [0] * (WORDS - len(words))
        rows.append(np.full(len(words) - WORDS + 1, row, np.int32))
        runs.append(np.array(words, np.int64))
    row = np.concatenate(rows)
    run = np.concatenate([words[: len(words) - WORDS + 1] for words in runs])
    for at in range(1, WORDS):
        following = np.concatenate([words[at : len(words) - WORDS + 1 + at] for words in runs])
        _, run = np.unique(run * (len(numbers) + 1) + following, return_inverse=True)
    sets = csr_array((np.ones(len(run), np.int32), (row, run)), shape=(len(texts), int(run.max()) + 1))
    sets.sum_duplicates()
    sets.data[:] = 1
    return sets


def rows_of(stay: Iterable[str], ids: Sequence[str]) -> np.ndarray:
    """Whether each document stays. Raises ValueError for an id that is none, or comes twice."""
    known, found = set(ids), list(stay)
    if not set(found) <= known or len(set(found)) < len(found):
        raise ValueError(f"{len(found)} survivors of {len(known)} documents, with unknown or repeated ids among them")
    chosen = set(found)
    return np.array([identifier in chosen for identifier in ids])

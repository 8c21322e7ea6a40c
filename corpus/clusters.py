"""Clusters: candidate groups -> which documents go, each for one that stays.

A chain of similar pairs says nothing about its ends: removing connected components has deleted 97 % of good
collections. So documents are taken in the keeper's order and one is removed only when its measured similarity to a
document that stays reaches the threshold. The result depends on the order alone, not on how the groups were found.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from corpus.minhash import jaccard


@dataclass(frozen=True, kw_only=True)
class Removal:
    """Document `document` goes because `keeper` stays; both are ranks in the keeper's order."""

    document: int
    keeper: int
    measure: str
    similarity: float


def exact_duplicates(digests: Sequence[bytes]) -> list[Removal]:
    """`digests` in the keeper's order: of equal ones the first stays."""
    first: dict[bytes, int] = {}
    removals = []
    for rank, digest in enumerate(digests):
        keeper = first.setdefault(digest, rank)
        if keeper != rank:
            removals.append(Removal(document=rank, keeper=keeper, measure="exact_text", similarity=1.0))
    return removals


def near_duplicates(
    groups: Iterable[Sequence[int]], shingles_of: Callable[[int], np.ndarray], threshold: float
) -> list[Removal]:
    """`groups`: ranks of documents that share a band. `shingles_of` gives a document's sorted shingles."""
    groups_of: dict[int, list[int]] = {}
    for number, group in enumerate(groups):
        for rank in group:
            groups_of.setdefault(rank, []).append(number)
    staying: dict[int, list[int]] = {}
    removals = []
    for rank in sorted(groups_of):
        candidates = sorted({keeper for number in groups_of[rank] for keeper in staying.get(number, ())})
        mine = shingles_of(rank)
        for keeper in candidates:
            similarity = jaccard(mine, shingles_of(keeper))
            if similarity >= threshold:
                removals.append(Removal(document=rank, keeper=keeper, measure="jaccard", similarity=similarity))
                break
        else:
            for number in groups_of[rank]:
                staying.setdefault(number, []).append(rank)
    return removals

"""Removals: which documents go, each for one that stays, when they were found in several steps.

A document is a number that rises in the keeper's order, uint64.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

SAME_URL, EXACT, NEAR = REASONS = ("same_url", "exact_duplicate", "near_duplicate")


@dataclass(frozen=True, kw_only=True)
class Removals:
    """Document `documents[i]` goes because `keepers[i]` stays; rising in `documents`. `similarities` float64, 1 for an
    exact duplicate, NaN where texts were not compared."""

    documents: np.ndarray
    keepers: np.ndarray
    similarities: np.ndarray

    def __len__(self) -> int:
        return len(self.documents)


@dataclass(frozen=True, kw_only=True)
class CombinedRemovals(Removals):
    """Every keeper stays, whatever the step. `reasons` uint8 are positions in REASONS."""

    reasons: np.ndarray

    def counts(self) -> dict[str, int]:
        """How many go for each of REASONS."""
        return dict(zip(REASONS, np.bincount(self.reasons, minlength=len(REASONS)).tolist(), strict=True))

    def named(self) -> pa.Array:
        """The reason of each, as a string."""
        return pa.array(REASONS).take(pa.array(self.reasons))


def combine_steps(same_url: Removals, exact: Removals, near: Removals) -> CombinedRemovals:
    """The steps in their order: each saw what the one before had left. A keeper that a later step removes hands its
    documents on to its own keeper: an exact duplicate is just as similar to that one."""
    moved, onward, how_near = _handed_on(exact.keepers, near)
    exact_similarities = np.where(moved, how_near, exact.similarities)
    url_keepers = _handed_on(_handed_on(same_url.keepers, exact)[1], near)[1]
    documents = np.concatenate((same_url.documents, exact.documents, near.documents))
    order = np.argsort(documents)
    reasons = np.concatenate(
        [
            np.full(len(same_url), REASONS.index(SAME_URL)),
            np.where(moved, REASONS.index(NEAR), REASONS.index(EXACT)),
            np.full(len(near), REASONS.index(NEAR)),
        ]
    )
    return CombinedRemovals(
        documents=documents[order],
        keepers=np.concatenate((url_keepers, onward, near.keepers))[order],
        similarities=np.concatenate((same_url.similarities, exact_similarities, near.similarities))[order],
        reasons=reasons.astype(np.uint8)[order],
    )


def _handed_on(keepers: np.ndarray, later: Removals) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(which of the keepers a later step removes, the keepers then, the similarity of the removed ones to them)."""
    if not len(later):
        return np.zeros(len(keepers), bool), keepers, np.ones(len(keepers))
    positions = np.minimum(np.searchsorted(later.documents, keepers), len(later) - 1)
    moved = later.documents[positions] == keepers
    return moved, np.where(moved, later.keepers[positions], keepers), later.similarities[positions]


def no_removals() -> Removals:
    nothing = np.empty(0, np.uint64)
    return Removals(documents=nothing, keepers=nothing, similarities=np.empty(0))

"""Trees: boosted decision trees in whole numbers, so that every machine decides the same.

They are fitted by benchmarks/fit_extraction with LightGBM (Ke et al. 2017) on pages whose main text people have marked,
and kept in model.npz. Every tree is complete: each way down from its root asks DEPTH times, though a fitted one may
have its leaf earlier. So nothing is asked of a tree but where to go, which no processor need foresee: twice as fast.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from corpus.extract.features_local import Features, Ints
from corpus.text.compiled import kernel

DEPTH = 6
NODES, LEAVES = (1 << DEPTH) - 1, 1 << DEPTH
UNITS = 100  # of a leaf's value in a hundredth of a logit


class Trees(NamedTuple):
    """Of each tree's inner nodes, level by level, the `feature` and the `bound` up to which (inclusive) the way goes
    left; and what its leaves add to the score."""

    feature: NDArray[np.int16]  # trees x NODES
    bound: NDArray[np.int16]  # trees x NODES
    values: NDArray[np.int32]  # trees x LEAVES, in ten-thousandths of a logit


def score_blocks(trees: Trees, features: Features, max_score: int) -> Ints:
    """(n,) hundredths of a logit, between `max_score` and its negative, of (n, features)."""
    scores: Ints = _add_up(*trees, features)
    return np.clip(scores // UNITS, -max_score, max_score)


@kernel
def _add_up(feature, bound, values, features):
    scores = np.zeros(len(features), np.int64)
    for tree in range(len(feature)):
        asked, bounds, leaves = feature[tree], bound[tree], values[tree]
        for block in range(len(features)):
            row = features[block]
            node = np.uint64(0)
            for _ in range(DEPTH):
                node = np.uint64(2) * node + np.uint64(1) + np.uint64(row[np.uint64(asked[node])] > bounds[node])
            scores[block] += leaves[node - np.uint64(NODES)]
    return scores

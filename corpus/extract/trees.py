"""Trees: boosted decision trees in whole numbers, so that every machine decides the same.

They are fitted by benchmarks/fit_extraction.py with LightGBM (Ke et al. 2017) on pages whose main text people have
marked, and kept in trees.npz: of each tree's inner nodes the feature, the bound that it is compared with and the nodes
that follow; of leaves what they add to the score, in ten-thousandths of a logit.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from corpus.extract.features_local import Features, Ints
from corpus.text.compiled import kernel

UNITS = 100  # of a leaf's value in a hundredth of a logit


class Trees(NamedTuple):
    """`roots` (trees,) are nodes. Of each node: `feature`; `bound`, up to which (inclusive) the node `left` follows,
    else `right`; where these are below zero, the leaf with the number -1 - `left` is reached. `values` (leaves,)."""

    roots: NDArray[np.int32]
    feature: NDArray[np.int16]
    bound: NDArray[np.int16]
    left: NDArray[np.int32]
    right: NDArray[np.int32]
    values: NDArray[np.int32]


@cache
def load_trees() -> tuple[Trees, Trees]:
    """Those of a block by itself, and those of a block as its neighbours are scored."""
    with (files("corpus.extract") / "trees.npz").open("rb") as file:
        arrays = np.load(file)
        local, context = (Trees(*(arrays[f"{step}_{name}"] for name in Trees._fields)) for step in ("local", "context"))
    return local, context


def score_blocks(trees: Trees, features: Features, max_score: int) -> Ints:
    """(n,) hundredths of a logit, between `max_score` and its negative, of (n, features)."""
    scores: Ints = _add_up(*trees, features)
    return np.clip(scores // UNITS, -max_score, max_score)


@kernel
def _add_up(roots, feature, bound, left, right, values, features):
    scores = np.zeros(len(features), np.int64)
    for root in roots:
        for block in range(len(features)):
            node = root
            while node >= 0:
                node = left[node] if features[block, feature[node]] <= bound[node] else right[node]
            scores[block] += values[-1 - node]
    return scores

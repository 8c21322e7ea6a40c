"""Fitting: the vocabulary's weights by logistic regression, and two steps of boosted trees (LightGBM).

Where a step decides by what an earlier one says of a page, that is said by a fit that has not seen the page.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import lightgbm
import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, vstack
from sklearn.linear_model import LogisticRegression

from benchmarks.fit_extraction.samples import Floats, Sample
from corpus.extract.choice import MAX_SCORE, context_inputs
from corpus.extract.features_local import Features
from corpus.extract.kernels.vocabulary import BUCKETS
from corpus.extract.kernels.vocabulary import MAX_SCORE as MAX_WEIGHT
from corpus.extract.model import Model
from corpus.extract.trees import DEPTH, LEAVES, NODES, UNITS, Trees, score_blocks
from corpus.extract.vocabulary import Vocabulary, Words

VOCABULARY_PARTS, PARTS = 8, 3
REGULARIZATION, TOLERANCE = 0.05, 1e-3
ROUNDS = {"local": 150, "context": 60}
PARAMETERS = {
    "objective": "cross_entropy",  # labels are shares
    "learning_rate": 0.08,
    "num_leaves": 31,
    "max_depth": DEPTH,
    "min_data_in_leaf": 60,
    "lambda_l2": 5.0,
    "feature_fraction": 0.6,
    "bagging_fraction": 0.8,
    "bagging_freq": 1,
    "seed": 0,
    "deterministic": True,
    "force_col_wise": True,
    "num_threads": 1,
    "verbose": -1,
}


def fit_model(samples: Sequence[Sample]) -> Model:
    weighed: list[Sample] = []
    for own, others in _parts(samples, VOCABULARY_PARTS):
        vocabulary = fit_vocabulary(others)
        weighed += [one.with_vocabulary(vocabulary) for one in own]
    ordered: list[Sample] = []
    inputs: list[Features] = []
    for own, others in _parts(weighed, PARTS):
        trees = fit_trees("local", _local_inputs(others), others)
        inputs += [context_inputs(score_blocks(trees, one.local.features, MAX_SCORE), one.local) for one in own]
        ordered += own
    return Model(
        vocabulary=fit_vocabulary(samples),
        by_itself=fit_trees("local", _local_inputs(ordered), ordered),
        among_others=fit_trees("context", inputs, ordered),
    )


def _parts(samples: Sequence[Sample], parts: int) -> Iterator[tuple[list[Sample], list[Sample]]]:
    """Each part of the samples, and all others."""
    for part in range(parts):
        own = [one for one in samples if one.part(parts, b"y") == part]
        yield own, [one for one in samples if one.part(parts, b"y") != part]


def _local_inputs(samples: Sequence[Sample]) -> list[Features]:
    return [one.local.features for one in samples]


def fit_vocabulary(samples: Sequence[Sample]) -> Vocabulary:
    weight, label = (np.concatenate([getattr(one, name) for one in samples]) for name in ("weight", "label"))
    weight /= weight.mean()
    numbers = np.cumsum([0, *(len(one.names.around) for one in samples)])
    named = np.concatenate([one.named + first for one, first in zip(samples, numbers[:-1], strict=True)])
    by_element = [np.bincount(named, weight * share, numbers[-1]) for share in (label, 1 - label)]
    return Vocabulary(
        names=_fit_weights([one.names for one in samples], *by_element),
        innermost=_fit_weights([one.innermost for one in samples], *by_element),
        words=_fit_weights([one.words for one in samples], weight * label, weight * (1 - label)),
    )


def _fit_weights(words: Sequence[Words], main: Floats, other: Floats) -> NDArray[np.int16]:
    """`main`, `other`: how much the entries weigh as main text, and as something else."""
    counts = np.concatenate([np.diff(one.offsets) for one in words])
    values, ends = np.repeat(1 / np.sqrt(np.maximum(counts, 1)), counts), np.concatenate([[0], np.cumsum(counts)])
    buckets = np.concatenate([one.buckets for one in words])
    matrix = csr_matrix((values, buckets, ends), shape=(len(counts), BUCKETS))
    matrix.sum_duplicates()
    rows, others = np.flatnonzero(main), np.flatnonzero(other)
    inputs = vstack([matrix[rows], matrix[others]])
    outputs = np.repeat([True, False], [len(rows), len(others)])
    model = LogisticRegression(C=REGULARIZATION, max_iter=1_000, tol=TOLERANCE)
    model.fit(inputs, outputs, np.concatenate([main[rows], other[others]]))
    return np.clip(100 * model.coef_[0], -MAX_WEIGHT, MAX_WEIGHT).round().astype(np.int16)


def fit_trees(step: str, inputs: Sequence[Features], samples: Sequence[Sample]) -> Trees:
    weight = np.concatenate([one.weight for one in samples])
    label = np.concatenate([one.label for one in samples])
    data = lightgbm.Dataset(np.concatenate(inputs), label, weight=weight / weight.mean())
    return flatten(lightgbm.train(PARAMETERS, data, num_boost_round=ROUNDS[step]).dump_model()["tree_info"])


def flatten(trees: list[dict[str, Any]]) -> Trees:
    """LightGBM's trees as arrays; bounds are whole numbers, as features are."""
    feature, bound = np.zeros((len(trees), NODES), np.int16), np.zeros((len(trees), NODES), np.int16)
    values = np.zeros((len(trees), LEAVES), np.int32)

    def place(tree: int, node: dict[str, Any], number: int) -> None:
        if number >= NODES:
            values[tree, number - NODES] = round(100 * UNITS * node["leaf_value"])
            return
        if "leaf_value" in node:
            left = right = node
        else:
            feature[tree, number], left, right = node["split_feature"], node["left_child"], node["right_child"]
            bound[tree, number] = int(np.clip(np.floor(node["threshold"]), -32_768, 32_767))
        place(tree, left, 2 * number + 1)
        place(tree, right, 2 * number + 2)

    for number, tree in enumerate(trees):
        place(number, tree["tree_structure"], 0)
    return Trees(feature=feature, bound=bound, values=values)

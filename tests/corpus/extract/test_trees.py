from __future__ import annotations

import numpy as np

from corpus.extract.model import load_model
from corpus.extract.trees import DEPTH, LEAVES, NODES, UNITS, Trees, score_blocks


def test_every_block_goes_its_way_down_every_tree() -> None:
    random = np.random.RandomState(0)
    trees = Trees(
        feature=random.randint(0, 5, (7, NODES)).astype(np.int16),
        bound=random.randint(-9, 9, (7, NODES)).astype(np.int16),
        values=random.randint(-20_000, 20_000, (7, LEAVES)).astype(np.int32),
    )
    features = random.randint(-10, 10, (40, 5)).astype(np.int16)
    expected = []
    for row in features:
        total = 0
        for feature, bound, values in zip(*trees, strict=True):
            node = 0
            for _ in range(DEPTH):
                node = 2 * node + (1 if row[feature[node]] <= bound[node] else 2)
            total += values[node - NODES]
        expected.append(min(500, max(-500, total // UNITS)))
    assert score_blocks(trees, features, 500).tolist() == expected


def test_the_model_has_trees_of_both_steps_and_a_vocabulary() -> None:
    model = load_model()
    assert len(model.by_itself.feature) and len(model.among_others.feature)
    assert all(np.count_nonzero(weights) > 1_000 for weights in model.vocabulary)

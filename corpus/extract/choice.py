"""Choice: which blocks of a page are its main text, by a score of two steps: of each block by itself, then
among its neighbours.

Both are sums of decision trees (corpus/extract/trees); what its words and the names around it say goes into the first.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from corpus.extract.blocks import Reading
from corpus.extract.features_context import compute_context_features
from corpus.extract.features_local import Features, Ints, LocalFeatures, compute_local_features
from corpus.extract.kernels.writer import BLOCK
from corpus.extract.model import Model, load_model
from corpus.extract.trees import score_blocks
from corpus.text.compiled import kernel

MAX_SCORE = 1_000
CERTAIN = 150  # the score from which on a block is taken as certain; between that and its negative, evenly
SURE = 1_000  # likelihoods count in thousandths
LONG_REPETITION = 30  # characters; shorter ones are labels


def context_inputs(first: Ints, local: LocalFeatures) -> Features:
    """What the second step decides by: the first score, what it says of the neighbours, and all local features."""
    context = compute_context_features(first, local)
    return np.concatenate([first[:, None].astype(np.int16), context, local.features], axis=1)


def choose_main_blocks(reading: Reading, min_score: int) -> NDArray[np.bool_]:
    """(n,) bool: whether each block belongs to the main text. `min_score` is in hundredths of a logit."""
    model = load_model()
    return choose(compute_local_features(reading, model.vocabulary), model, min_score)


def choose(local: LocalFeatures, model: Model, min_score: int) -> NDArray[np.bool_]:
    """(n,) bool. Blocks whose text stood in another region already are left out: captions of galleries, what a page
    holds twice for wide and narrow screens. Within a region a repetition may be meant, as in a refrain."""
    first = score_blocks(model.by_itself, local.features, MAX_SCORE)
    score = score_blocks(model.among_others, context_inputs(first, local), MAX_SCORE)
    keep: NDArray[np.bool_] = choose_blocks(score - min_score, local.weight)
    _drop_repeated(local.blocks, keep)
    return keep


@kernel
def choose_blocks(score, weight):
    """The blocks of the highest expected F1, given the score of each: those likelier than half of that F1 (Lipton,
    Elkan and Naryanaswamy 2014, Optimal Thresholding of Classifiers to Maximize F1 Measure). So of a page on which
    little is certain more is kept."""
    likely, weights = np.empty(len(score), np.int64), np.zeros(SURE + 1, np.int64)
    all_right = 0
    for block in range(len(score)):
        likely[block] = max(0, min(SURE, (score[block] + CERTAIN) * (SURE // 2) // CERTAIN))
        weights[likely[block]] += weight[block]  # among equals the F1 goes one way, so that they need no order
        all_right += likely[block] * weight[block]
    right = kept = best_f1 = 0
    for level in range(SURE, -1, -1):
        if weights[level]:
            right += level * weights[level]
            kept += weights[level]
            best_f1 = max(best_f1, 2 * SURE * right // (SURE * kept + all_right))
    return 2 * likely > best_f1


@kernel
def _drop_repeated(blocks, keep):
    regions = np.full(len(blocks), -1, np.int64)  # that the first block kept of each text is in
    for block in range(len(blocks)):
        if keep[block] and blocks[block, BLOCK.end] - blocks[block, BLOCK.start] >= LONG_REPETITION:
            first = blocks[block, BLOCK.first]
            if regions[first] < 0:
                regions[first] = blocks[block, BLOCK.region]
            keep[block] = regions[first] == blocks[block, BLOCK.region]

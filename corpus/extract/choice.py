"""Choice: which blocks of a page are its main text, by a score of two steps: of each block by itself, then
among its neighbours.

The weights (weights.json, hundredths of a logit for a feature of 100) are those of two logistic regressions, fitted by
benchmarks/fit_extraction.py on pages whose main text people have marked; a block counts by its words. The sums are of
whole numbers, so that every machine keeps the same blocks.
"""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray

from corpus.extract.blocks import Blocks
from corpus.extract.features_context import CONTEXT_FEATURES, compute_context_features
from corpus.extract.features_local import LOCAL_FEATURES, SHORT, Ints, compute_local_features
from corpus.extract.kernels.lines import BLOCK, HEADING
from corpus.extract.regions import Regions
from corpus.text.compiled import kernel

SCORE, BIAS = "score", "bias"
MAX_SCORE = 1_000
CERTAIN = 150  # the score from which on a block is taken as certain; between that and its negative, evenly
SURE = 1_000  # likelihoods count in thousandths
LONG_REPETITION = 30  # characters; shorter ones are labels


@cache
def _weights() -> tuple[Ints, Ints]:
    """Those of LOCAL_FEATURES, then their bias; those of CONTEXT_FEATURES for every block, for short ones and for
    headings, a row each, then, in the last column, the weight of the first score, the bias, and the bias again."""
    fitted = json.loads((files("corpus.extract") / "weights.json").read_text("utf-8"))
    first = [fitted["local"][name] for name in (*LOCAL_FEATURES, BIAS)]
    second = [
        [fitted[part][name] for name in CONTEXT_FEATURES] for part in ("context", "context: short", "context: heading")
    ]
    for row, name in zip(second, (SCORE, BIAS, BIAS), strict=True):
        row.append(fitted["context"][name])
    return np.array(first, np.int64), np.array(second, np.int64)


def choose_main_blocks(blocks: Blocks, regions: Regions, min_score: int) -> NDArray[np.bool_]:
    """(n,) bool: whether each block belongs to the main text. `min_score` is in hundredths of a logit. Blocks whose
    text stood in another region already do not: captions of galleries, what a page holds twice for wide and narrow
    screens. Within a region a repetition may be meant, as in a refrain."""
    first, second = _weights()
    local = compute_local_features(blocks, regions)
    score = _first_score(local.features, first)
    score = _second_score(compute_context_features(score, local), score, blocks.rows, second)
    keep: NDArray[np.bool_] = choose_blocks(score - min_score, local.weight)
    _drop_repeated(blocks.rows, keep)
    return keep


@kernel
def _first_score(features, weights):
    scores = np.empty(len(features), np.int64)
    for block in range(len(features)):
        total = 0
        for number in range(features.shape[1]):
            total += features[block, number] * weights[number]
        scores[block] = max(-MAX_SCORE, min(MAX_SCORE, total // 100 + weights[-1]))
    return scores


@kernel
def _second_score(features, scores, blocks, weights):
    totals = np.empty(len(features), np.int64)
    for block in range(len(features)):
        short, heading = blocks[block, BLOCK.width] < SHORT, blocks[block, BLOCK.tag] == HEADING
        total = weights[0, -1] * scores[block]
        for number in range(features.shape[1]):
            weight = weights[0, number] + short * weights[1, number] + heading * weights[2, number]
            total += features[block, number] * weight
        totals[block] = total // 100 + weights[1, -1]
    return totals


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

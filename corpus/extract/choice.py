"""Choice: which blocks of a page are its main text, by a score of two steps: alone, then among the others.

The weights (weights.json, hundredths of a logit for a measure of 100) are those of two logistic regressions, fitted by
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
from corpus.extract.measures import ALONE, AMONG, Ints, alone, among
from corpus.extract.regions import Regions

SCORE, BIAS = "score", "bias"
MAX_SCORE = 1_000
CERTAIN = 150  # the score from which on a block is taken as certain; between that and its negative, evenly


@cache
def _weights() -> tuple[Ints, Ints, dict[str, int]]:
    """Those of ALONE; those of AMONG for every block, for short ones and for headings; and the three other numbers."""
    fitted = json.loads((files("corpus.extract") / "weights.json").read_text("utf-8"))
    first = np.array([fitted["alone"][name] for name in ALONE], np.int64)
    second = np.array([[fitted[part][name] for name in AMONG] for part in ("among", "among: short", "among: heading")])
    rest = {"first": fitted["alone"][BIAS], "score": fitted["among"][SCORE], "second": fitted["among"][BIAS]}
    return first, second.T, rest


def main_blocks(blocks: Blocks, regions: Regions, least: int) -> list[bool]:
    """For each block whether it belongs to the main text. `least` is taken off every block's score."""
    if not blocks.text:
        return []
    first, second, rest = _weights()
    about = alone(blocks, regions)
    score = np.clip(about.measures @ first // 100 + rest["first"], -MAX_SCORE, MAX_SCORE)
    plain, short, heading = (among(score, about) @ second).T
    total: Ints = plain + about.short * short + about.heading * heading + rest["score"] * score
    return worth_keeping(total // 100 + rest["second"] - least, about.weight).tolist()


def worth_keeping(score: Ints, weight: Ints) -> NDArray[np.bool_]:
    """The blocks of the highest expected F1, given the score of each: those likelier than half of that F1 (Lipton,
    Elkan and Naryanaswamy 2014, Optimal Thresholding of Classifiers to Maximize F1 Measure). So of a page on which
    little is certain more is kept."""
    likely = np.clip((score + CERTAIN) * 500 // CERTAIN, 0, 1000)
    order = np.argsort(-likely, kind="stable")
    right = np.cumsum((likely * weight)[order])
    f1 = 2000 * right // (1000 * np.cumsum(weight[order]) + right[-1])
    return 2 * likely > f1.max()

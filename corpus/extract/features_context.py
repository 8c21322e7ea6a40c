"""Among: what is known of each block by how likely its neighbours are to be text, as whole numbers."""

from __future__ import annotations

import numpy as np

from corpus.extract.containers import CORES, LEVELS, add_inner, innermost
from corpus.extract.features_local import Alone, Ints, Measures
from corpus.extract.kernels.lines import FLAGS, REGION
from corpus.extract.kernels.phrases import IS_TAIL, IS_TITLE
from corpus.extract.regions import KINDS
from corpus.text.compiled import kernel

WINDOWS = ((-1, 0), (1, 2), (-3, 0), (1, 4), (-8, 0), (1, 9))
JUST_BEHIND = 12  # blocks

AMONG = (
    "likely",
    *(f"likely from {low} to {high}" for low, high in WINDOWS),
    *("first likely", "last likely", "behind 98 %", "within 2 %"),
    *("likely text", "likely share", "likely in its kind"),
    *(f"{what} around, {level}" for level in range(LEVELS) for what in ("likely share", "share of likely")),
    *(f"inside {core} % of likely text" for core in CORES),
    *("before title", "behind tail", "just behind tail"),
)


def among(score: Ints, about: Alone) -> Measures:
    """n x AMONG, from the score of each block alone, in hundredths of a logit."""
    measures = np.empty((len(score), len(AMONG)), np.int16)
    _among(score, about.blocks, about.regions, about.weight, about.kind, measures)
    return measures


@kernel
def _bits(value):
    number = 0
    while value:
        value >>= 1
        number += 1
    return number


@kernel
def _among(score, blocks, regions, weight, kind, measures):
    n, containers = len(blocks), regions.shape[1]
    around, last = regions[2], regions[3]
    likely, good = np.empty(n, np.int64), np.empty(n, np.int64)
    sums, weights = np.zeros(n + 1, np.int64), np.zeros(n + 1, np.int64)  # of the blocks before each
    good_in, weight_in = np.zeros(containers, np.int64), np.zeros(containers, np.int64)
    in_kind = np.zeros(len(KINDS), np.int64)
    first_title = -1
    for block in range(n):
        likely[block] = max(0, min(100, (score[block] + 250) // 5))
        good[block] = weight[block] if likely[block] > 50 else 0
        sums[block + 1] = sums[block] + likely[block] * weight[block]
        weights[block + 1] = weights[block] + weight[block]
        good_in[blocks[block, REGION]] += good[block]
        weight_in[blocks[block, REGION]] += weight[block]
        in_kind[kind[block]] += good[block]
        if first_title < 0 and blocks[block, FLAGS] & IS_TITLE:
            first_title = block
    add_inner(good_in, last)
    add_inner(weight_in, last)
    cores = [innermost(core, good_in) for core in CORES]
    total, size = good_in[0], 6 * _bits(good_in[0])
    so_far = tails = 0
    tails_before = np.zeros(JUST_BEHIND, np.int64)  # a ring

    for block in range(n):
        row, where = measures[block], blocks[block, REGION]
        row[0] = likely[block]
        at = 1
        for low, high in WINDOWS:
            first, end = max(0, min(n, block + low)), max(0, min(n, block + high))
            row[at] = (sums[end] - sums[first]) // (weights[end] - weights[first] + 15)
            at += 1
        before, so_far = so_far, so_far + good[block]
        for value in (
            100 * (before == 0),
            100 * (so_far == total),
            100 * (before * 50 > total * 49),
            100 * (so_far * 50 < total),
            size,
            100 * total // (weights[n] + 1),
            100 * in_kind[kind[block]] // (total + 1),
        ):
            row[at] = value
            at += 1
        level = where
        for _ in range(LEVELS):
            row[at] = 100 * good_in[level] // (weight_in[level] + 1)
            row[at + 1] = 100 * good_in[level] // (total + 1)
            at += 2
            level = around[level]
        for core in cores:
            row[at] = 100 * (core <= where <= last[core])
            at += 1
        tails += blocks[block, FLAGS] & IS_TAIL != 0 and so_far * 5 >= total * 2
        row[at] = 100 * (block < first_title)
        row[at + 1] = 100 * (tails > 0)
        row[at + 2] = 100 * (tails > tails_before[block % JUST_BEHIND])
        tails_before[block % JUST_BEHIND] = tails

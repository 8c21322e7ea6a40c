"""Context features: what is known of each block by how likely its neighbours are to be text, as whole numbers."""

from __future__ import annotations

import numpy as np

from corpus.extract.containers import CORES, LEVELS, add_inner, innermost_with_share
from corpus.extract.features_local import Features, Ints, LocalFeatures
from corpus.extract.kernels.phrases import IS_TAIL, IS_TITLE
from corpus.extract.kernels.writer import BLOCK
from corpus.extract.regions import KINDS
from corpus.text.compiled import kernel, number_names

NEIGHBOURS = ((-1, 0), (1, 2), (-3, 0), (1, 4), (-8, 0), (1, 9))
JUST_AFTER = 12  # blocks

CONTEXT_FEATURES = (
    "likely",
    *(f"likely from {low} to {high}" for low, high in NEIGHBOURS),
    *("first likely", "last likely", "behind 98 %", "within 2 %"),
    *("likely text", "likely share", "likely in its kind"),
    *(f"{what} around, {level}" for level in range(LEVELS) for what in ("likely share", "share of likely")),
    *(f"inside {core} % of likely text" for core in CORES),
    *("before title", "behind tail", "just behind tail"),
)
FEATURE = number_names(CONTEXT_FEATURES)
PER_LEVEL = 2  # features of a container around a block


def compute_context_features(score: Ints, local: LocalFeatures) -> Features:
    """n x CONTEXT_FEATURES, from the first score of each block in hundredths of a logit."""
    features = np.empty((len(score), len(FEATURE)), np.int16)
    _fill_context(score, local.blocks, local.regions, local.weight, local.kind, features)
    return features


@kernel
def _bits(value):
    number = 0
    while value:
        value >>= 1
        number += 1
    return number


@kernel
def _fill_context(score, blocks, regions, weight, kind, features):
    n, containers = len(blocks), len(regions.kind)
    around, last = regions.around, regions.last
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
        good_in[blocks[block, BLOCK.region]] += good[block]
        weight_in[blocks[block, BLOCK.region]] += weight[block]
        in_kind[kind[block]] += good[block]
        if first_title < 0 and blocks[block, BLOCK.flags] & IS_TITLE:
            first_title = block
    add_inner(good_in, last)
    add_inner(weight_in, last)
    cores = [innermost_with_share(core, good_in) for core in CORES]
    total, size = good_in[0], 6 * _bits(good_in[0])
    so_far = tails = 0
    tails_before = np.zeros(JUST_AFTER, np.int64)  # a ring

    for block in range(n):
        row, where = features[block], blocks[block, BLOCK.region]
        row[FEATURE.likely] = likely[block]
        for number in range(len(NEIGHBOURS)):
            low, high = NEIGHBOURS[number]
            first, end = max(0, min(n, block + low)), max(0, min(n, block + high))
            row[FEATURE.likely_from_1_to_0 + number] = (sums[end] - sums[first]) // (weights[end] - weights[first] + 15)
        before, so_far = so_far, so_far + good[block]
        row[FEATURE.first_likely] = 100 * (before == 0)
        row[FEATURE.last_likely] = 100 * (so_far == total)
        row[FEATURE.behind_98] = 100 * (before * 50 > total * 49)
        row[FEATURE.within_2] = 100 * (so_far * 50 < total)
        row[FEATURE.likely_text] = size
        row[FEATURE.likely_share] = 100 * total // (weights[n] + 1)
        row[FEATURE.likely_in_its_kind] = 100 * in_kind[kind[block]] // (total + 1)
        container = where
        for level in range(LEVELS):
            offset = PER_LEVEL * level
            row[FEATURE.likely_share_around_0 + offset] = 100 * good_in[container] // (weight_in[container] + 1)
            row[FEATURE.share_of_likely_around_0 + offset] = 100 * good_in[container] // (total + 1)
            container = around[container]
        for number in range(len(CORES)):
            core = cores[number]
            row[FEATURE.inside_50_of_likely_text + number] = 100 * (core <= where <= last[core])
        tails += blocks[block, BLOCK.flags] & IS_TAIL != 0 and so_far * 5 >= total * 2
        row[FEATURE.before_title] = 100 * (block < first_title)
        row[FEATURE.behind_tail] = 100 * (tails > 0)
        row[FEATURE.just_behind_tail] = 100 * (tails > tails_before[block % JUST_AFTER])
        tails_before[block % JUST_AFTER] = tails

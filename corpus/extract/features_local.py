"""Local features: what is known of each block by itself and by the containers around it, as whole numbers.

Whole numbers, because a sum of them is the same on every machine, and so is which blocks stay. Shares count in percent;
what is true is 100.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from corpus.extract.blocks import Blocks
from corpus.extract.containers import CORES, LEVELS, add_inner, innermost_with_share
from corpus.extract.kernels.lines import BLOCK, HEADING, PARAGRAPH, PREFORMATTED
from corpus.extract.kernels.phrases import HAS_FRAME_WORDS, IS_FRAME, IS_SENTENCE, IS_TAIL, IS_TITLE
from corpus.extract.regions import KINDS, MAIN, SOFT, Regions
from corpus.text.compiled import kernel, number_names

Ints = NDArray[np.int64]
Features = NDArray[np.int16]

WIDTHS = (12, 25, 50, 90, 160, 300)  # columns: the bounds between classes of width
LINK_SHARES = (1, 25, 60)  # percent
LONG, SHORT = 90, 50
MAX_WIDTH = 400  # what one block may weigh among its neighbours
NAME_SHARE = 85  # percent of the running text

LOCAL_FEATURES = (
    *(f"width from {low}" for low in (0, *WIDTHS)),
    *(f"links from {low} %" for low in (0, *LINK_SHARES)),
    *("paragraph", "heading", "preformatted", "sentence", "long sentence"),
    *("short frame", "frame", "tail", "frame words", "titled", "repeated", "long and repeated"),
    *(f"in {kind or 'no region'}" for kind in KINDS),
    *(f"somewhere in {kind}" for kind in (*KINDS[1:], "main")),
    *(f"{what} around, {level}" for level in range(LEVELS) for what in ("links", "long text", "share of long text")),
    *(f"inside {core} % of long text" for core in CORES),
    *("page has main, not in it", "share of long text in its kind", "of a bad kind", "alike on page"),
    *("prose page", "prose page: short", "prose page: linked", "prose page: heading"),
)
FEATURE = number_names(LOCAL_FEATURES)
PER_LEVEL = 3  # features of a container around a block


class LocalFeatures(NamedTuple):
    """The features of a page's n blocks, and what the context features are computed from."""

    features: Features  # n x LOCAL_FEATURES
    weight: Ints  # n
    kind: Ints  # n, as in Regions
    blocks: Ints  # the rows of Blocks
    regions: Regions


def compute_local_features(blocks: Blocks, regions: Regions) -> LocalFeatures:
    n = len(blocks.rows)
    features, weight, kind = np.zeros((n, len(FEATURE)), np.int16), np.empty(n, np.int64), np.empty(n, np.int64)
    _fill_local(blocks.rows, regions, weight, kind, features)
    return LocalFeatures(features, weight, kind, blocks.rows, regions)


@kernel
def _class(bounds, value):
    """How many of the bounds a value reaches."""
    number = 0
    for bound in bounds:
        number += value >= bound
    return number


@kernel
def _make_credible(kind, kinds, prose):
    """Takes from the blocks' kinds those that would leave nothing of the page. Where nearly all of its running text is
    in comments, it is a thread; where a page builder calls each of its parts a widget, the name says nothing."""
    maximum = NAME_SHARE * prose.sum()
    for name in range(1, SOFT):
        named = 0
        for block in range(len(kind)):
            named += prose[block] * (kinds[block] >> name & 1)
        if 100 * named > maximum:
            for block in range(len(kind)):
                kinds[block] &= ~(1 << name)
                if kind[block] == name:
                    kind[block] = 0


@kernel
def _fill_local(blocks, regions, weight, kind, features):
    n, containers = len(blocks), len(regions.kind)
    around, last = regions.around, regions.last
    share, prose, kinds = np.empty(n, np.int64), np.empty(n, np.int64), np.empty(n, np.int64)
    same = np.zeros(n, np.int64)
    prose_in, links_in, weight_in = (
        np.zeros(containers, np.int64),
        np.zeros(containers, np.int64),
        np.zeros(containers, np.int64),
    )
    total, prose_page = 1, 0
    for block in range(n):
        width, where = blocks[block, BLOCK.width], blocks[block, BLOCK.region]
        length = blocks[block, BLOCK.end] - blocks[block, BLOCK.start]
        weight[block] = min(width, MAX_WIDTH)
        share[block] = 100 * min(blocks[block, BLOCK.linked], length) // length
        prose[block] = weight[block] if width >= LONG and share[block] < 25 else 0
        kind[block], kinds[block] = regions.kind[where], regions.kinds[where]
        same[blocks[block, BLOCK.first]] += 1
        total += weight[block]
        if width >= 120 and share[block] < 30:
            prose_page += weight[block]
        prose_in[where] += prose[block]
        links_in[where] += weight[block] * share[block]
        weight_in[where] += weight[block]
    prose_page = 100 * prose_page // total
    add_inner(prose_in, last)
    add_inner(links_in, last)
    add_inner(weight_in, last)
    all_prose = prose_in[0]
    cores = [innermost_with_share(core, prose_in) for core in CORES]
    _make_credible(kind, kinds, prose)
    in_kind, alike, has_main = np.zeros(len(KINDS), np.int64), np.zeros((len(KINDS), 16), np.int64), False
    for block in range(n):
        in_kind[kind[block]] += prose[block]
        main = kinds[block] >> MAIN & 1
        has_main |= main != 0
        alike[kind[block], 8 * main + 4 * (share[block] > 0) + blocks[block, BLOCK.tag]] += 1

    for block in range(n):
        width, where, tag, flags = (
            blocks[block, BLOCK.width],
            blocks[block, BLOCK.region],
            blocks[block, BLOCK.tag],
            blocks[block, BLOCK.flags],
        )
        row, main = features[block], kinds[block] >> MAIN & 1
        is_sentence, is_frame = flags & IS_SENTENCE != 0, flags & IS_FRAME != 0
        is_repeated = same[blocks[block, BLOCK.first]] > 2
        row[FEATURE.width_from_0 + _class(WIDTHS, width)] = 100
        row[FEATURE.links_from_0 + _class(LINK_SHARES, share[block])] = 100
        row[FEATURE.paragraph] = 100 * (tag == PARAGRAPH)
        row[FEATURE.heading] = 100 * (tag == HEADING)
        row[FEATURE.preformatted] = 100 * (tag == PREFORMATTED)
        row[FEATURE.sentence] = 100 * is_sentence
        row[FEATURE.long_sentence] = 100 * (is_sentence and width > SHORT)
        row[FEATURE.short_frame] = 100 * (is_frame and width < 40)
        row[FEATURE.frame] = 100 * is_frame
        row[FEATURE.tail] = 100 * (flags & IS_TAIL != 0)
        row[FEATURE.frame_words] = 100 * (flags & HAS_FRAME_WORDS != 0)
        row[FEATURE.titled] = 100 * (flags & IS_TITLE != 0)
        row[FEATURE.repeated] = 100 * is_repeated
        row[FEATURE.long_and_repeated] = 100 * (is_repeated and width > SHORT)
        row[FEATURE.in_no_region + kind[block]] = 100
        for name in range(1, len(KINDS) + 1):
            row[FEATURE.somewhere_in_comment + name - 1] = 100 * (kinds[block] >> name & 1)
        container = where
        for level in range(LEVELS):
            offset = PER_LEVEL * level
            row[FEATURE.links_around_0 + offset] = links_in[container] // (weight_in[container] + 1)
            row[FEATURE.long_text_around_0 + offset] = 100 * prose_in[container] // (weight_in[container] + 1)
            row[FEATURE.share_of_long_text_around_0 + offset] = 100 * prose_in[container] // (all_prose + 1)
            container = around[container]
        for number in range(len(CORES)):
            core = cores[number]
            row[FEATURE.inside_50_of_long_text + number] = 100 * (core <= where <= last[core])
        in_its_kind = 100 * in_kind[kind[block]] // (all_prose + 1)
        row[FEATURE.page_has_main_not_in_it] = 100 * (has_main and not main)
        row[FEATURE.share_of_long_text_in_its_kind] = in_its_kind
        row[FEATURE.of_a_bad_kind] = in_its_kind * (0 < kind[block] < SOFT)
        row[FEATURE.alike_on_page] = min(100, 3 * alike[kind[block], 8 * main + 4 * (share[block] > 0) + tag])
        row[FEATURE.prose_page] = prose_page
        row[FEATURE.prose_page_short] = prose_page * (width < SHORT and share[block] < 50)
        row[FEATURE.prose_page_linked] = prose_page * (share[block] >= 50)
        row[FEATURE.prose_page_heading] = prose_page * (tag == HEADING)

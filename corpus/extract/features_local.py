"""Alone: what is known of each block by itself and by the containers around it, as whole numbers.

Whole numbers, because a sum of them is the same on every machine, and so is which blocks stay. Shares count in percent;
what is true is 100.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from corpus.extract.blocks import Blocks
from corpus.extract.containers import CORES, LEVELS, add_inner, innermost
from corpus.extract.kernels.lines import (
    END,
    FIRST,
    FLAGS,
    HEADING,
    LINKED,
    PARAGRAPH,
    PREFORMATTED,
    REGION,
    START,
    TAG,
    WIDTH,
)
from corpus.extract.kernels.phrases import HAS_FRAME_WORDS, IS_FRAME, IS_SENTENCE, IS_TAIL, IS_TITLE
from corpus.extract.regions import KINDS, MAIN, SOFT, Regions
from corpus.text.compiled import kernel

Ints = NDArray[np.int64]
Measures = NDArray[np.int16]

WIDTHS = (12, 25, 50, 90, 160, 300)  # columns: the bounds between classes of width
LINK_SHARES = (1, 25, 60)  # percent
LONG, SHORT = 90, 50
MAX_WIDTH = 400  # what one block may weigh among its neighbours
NAME_SHARE = 85  # percent of the running text

ALONE = (
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
LINKS_AT, TAGS_AT, KINDS_AT = map(ALONE.index, ("links from 0 %", "paragraph", "in no region"))


class Alone(NamedTuple):
    """What is known of n blocks alone, and what corpus/extract/features_context needs to know of them."""

    measures: Measures  # n x ALONE
    weight: Ints
    kind: Ints
    blocks: Ints  # the rows of Blocks
    regions: Ints  # 4 x containers: see Regions


def alone(blocks: Blocks, regions: Regions) -> Alone:
    """The measures of a page's blocks."""
    n = len(blocks.rows)
    measures, weight, kind = np.zeros((n, len(ALONE)), np.int16), np.empty(n, np.int64), np.empty(n, np.int64)
    containers = np.array(regions, np.int64)
    _alone(blocks.rows, containers, weight, kind, measures)
    return Alone(measures, weight, kind, blocks.rows, containers)


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
    most = NAME_SHARE * prose.sum()
    for name in range(1, SOFT):
        named = 0
        for block in range(len(kind)):
            named += prose[block] * (kinds[block] >> name & 1)
        if 100 * named > most:
            for block in range(len(kind)):
                kinds[block] &= ~(1 << name)
                if kind[block] == name:
                    kind[block] = 0


@kernel
def _alone(blocks, regions, weight, kind, measures):
    n, containers = len(blocks), regions.shape[1]
    around, last = regions[2], regions[3]
    share, prose, kinds = np.empty(n, np.int64), np.empty(n, np.int64), np.empty(n, np.int64)
    same = np.zeros(n, np.int64)
    prose_in, links_in, weight_in = (
        np.zeros(containers, np.int64),
        np.zeros(containers, np.int64),
        np.zeros(containers, np.int64),
    )
    total, prose_page = 1, 0
    for block in range(n):
        width, where = blocks[block, WIDTH], blocks[block, REGION]
        length = blocks[block, END] - blocks[block, START]
        weight[block] = min(width, MAX_WIDTH)
        share[block] = 100 * min(blocks[block, LINKED], length) // length
        prose[block] = weight[block] if width >= LONG and share[block] < 25 else 0
        kind[block], kinds[block] = regions[0, where], regions[1, where]
        same[blocks[block, FIRST]] += 1
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
    cores = [innermost(core, prose_in) for core in CORES]
    _make_credible(kind, kinds, prose)
    in_kind, alike, has_main = np.zeros(len(KINDS), np.int64), np.zeros((len(KINDS), 16), np.int64), False
    for block in range(n):
        in_kind[kind[block]] += prose[block]
        main = kinds[block] >> MAIN & 1
        has_main |= main != 0
        alike[kind[block], 8 * main + 4 * (share[block] > 0) + blocks[block, TAG]] += 1

    for block in range(n):
        width, where, tag, flags = blocks[block, WIDTH], blocks[block, REGION], blocks[block, TAG], blocks[block, FLAGS]
        row, main = measures[block], kinds[block] >> MAIN & 1
        row[_class(WIDTHS, width)] = 100
        row[LINKS_AT + _class(LINK_SHARES, share[block])] = 100
        sentence, repeated = flags & IS_SENTENCE != 0, same[blocks[block, FIRST]] > 2
        at = TAGS_AT
        for holds in (
            tag == PARAGRAPH,
            tag == HEADING,
            tag == PREFORMATTED,
            sentence,
            sentence and width > SHORT,
            flags & IS_FRAME != 0 and width < 40,
            flags & IS_FRAME != 0,
            flags & IS_TAIL != 0,
            flags & HAS_FRAME_WORDS != 0,
            flags & IS_TITLE != 0,
            repeated,
            repeated and width > SHORT,
        ):
            row[at] = 100 * holds
            at += 1
        row[KINDS_AT + kind[block]] = 100
        at = KINDS_AT + len(KINDS)
        for name in range(1, len(KINDS) + 1):
            row[at] = 100 * (kinds[block] >> name & 1)
            at += 1
        level = where
        for _ in range(LEVELS):
            row[at] = links_in[level] // (weight_in[level] + 1)
            row[at + 1] = 100 * prose_in[level] // (weight_in[level] + 1)
            row[at + 2] = 100 * prose_in[level] // (all_prose + 1)
            at += 3
            level = around[level]
        for core in cores:
            row[at] = 100 * (core <= where <= last[core])
            at += 1
        in_its_kind = 100 * in_kind[kind[block]] // (all_prose + 1)
        for value in (
            100 * (has_main and not main),
            in_its_kind,
            in_its_kind * (0 < kind[block] < SOFT),
            min(100, 3 * alike[kind[block], 8 * main + 4 * (share[block] > 0) + tag]),
            prose_page,
            prose_page * (width < SHORT and share[block] < 50),
            prose_page * (share[block] >= 50),
            prose_page * (tag == HEADING),
        ):
            row[at] = value
            at += 1

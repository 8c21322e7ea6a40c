"""Measures: what is known of each block, alone and among its neighbours, as whole numbers: a column a measure.

Whole numbers, because a sum of them is the same on every machine, and so is which blocks stay. Shares and likelihoods
count in percent, scores in hundredths of a logit.
"""

from __future__ import annotations

from collections import Counter
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from corpus.extract.blocks import (
    ENDS,
    HAS_FRAME_WORDS,
    HEADING,
    IS_FRAME,
    IS_TAIL,
    IS_TITLE,
    PARAGRAPH,
    PREFORMATTED,
    Blocks,
)
from corpus.extract.regions import KINDS, SOFT, Regions

Ints = NDArray[np.int64]

WIDTHS = (12, 25, 50, 90, 160, 300)  # columns: the bounds between classes of width
LINK_SHARES = (1, 25, 60)  # percent
LONG, SHORT = 90, 50
MAX_WIDTH = 400  # what one block may weigh among its neighbours
WINDOWS = ((-1, 0), (1, 2), (-3, 0), (1, 4), (-8, 0), (1, 9))
NAME_SHARE = 85  # percent of the running text
LEVELS = range(3)  # of containers around a block, from the innermost
CORES = (50, 70, 90)  # percent

ALONE = (
    *(f"width from {low}" for low in (0, *WIDTHS)),
    *(f"links from {low} %" for low in (0, *LINK_SHARES)),
    *("paragraph", "heading", "preformatted", "sentence", "long sentence"),
    *("short frame", "frame", "tail", "frame words", "titled", "repeated", "long and repeated"),
    *(f"in {kind or 'no region'}" for kind in KINDS),
    *(f"somewhere in {kind}" for kind in (*KINDS[1:], "main")),
    *(f"{what} around, {level}" for level in LEVELS for what in ("links", "long text", "share of long text")),
    *(f"inside {core} % of long text" for core in CORES),
    *("page has main, not in it", "share of long text in its kind", "of a bad kind", "alike on page"),
    *("prose page", "prose page: short", "prose page: linked", "prose page: heading"),
)
AMONG = (
    "likely",
    *(f"likely from {low} to {high}" for low, high in WINDOWS),
    *("first likely", "last likely", "behind 98 %", "within 2 %"),
    *("likely text", "likely share", "likely in its kind"),
    *(f"{what} around, {level}" for level in LEVELS for what in ("likely share", "share of likely")),
    *(f"inside {core} % of likely text" for core in CORES),
    *("before title", "behind tail", "just behind tail"),
)


class Alone(NamedTuple):
    """What is known of n blocks alone, and what `among` needs to know of them."""

    measures: Ints  # n x ALONE
    weight: Ints
    short: Ints
    heading: Ints
    where: Ints  # the container of each
    kind: Ints
    tail: Ints
    titled: Ints
    around: Ints  # of each container: see Regions
    last: Ints


def alone(blocks: Blocks, regions: Regions) -> Alone:
    """The measures of a page's blocks, of which there is at least one."""
    text = blocks.text
    n = len(text)
    widths, linked, tags, where, flags = [np.array(column, np.int64) for column in blocks[1:]]
    region_kind, region_kinds, around, last = [np.array(column, np.int64) for column in regions]
    lengths = np.array([len(line) for line in text], np.int64)
    frames, tails, titled = flags & IS_FRAME, (flags & IS_TAIL) // IS_TAIL, (flags & IS_TITLE) // IS_TITLE
    weight = np.minimum(widths, MAX_WIDTH)
    total = int(weight.sum()) + 1
    share = 100 * np.minimum(linked, lengths) // lengths
    long = (widths >= LONG) & (share < 25)
    prose = weight * long
    kinds, masks = _credible(region_kind[where], region_kinds[where], prose)
    sentence = np.array([line[-1] in ENDS for line in text], bool)
    heading = (tags == HEADING).astype(np.int64)
    short = (widths < SHORT).astype(np.int64)
    counts = Counter(text)
    repeated = np.array([counts[line] > 2 for line in text], bool)
    x = np.zeros((len(ALONE), n), np.int64)
    rows = np.arange(n)
    x[np.searchsorted(WIDTHS, widths, side="right"), rows] = 100
    x[7 + np.searchsorted(LINK_SHARES, share, side="right"), rows] = 100
    at = 7 + 4
    for column in (
        *(tags == PARAGRAPH, heading, tags == PREFORMATTED, sentence, sentence & (widths > SHORT)),
        *(frames * (widths < 40), frames, tails, flags & HAS_FRAME_WORDS != 0, titled),
        *(repeated, repeated & (widths > SHORT)),
    ):
        x[at] = 100 * column
        at += 1
    x[at + kinds, rows] = 100
    at += len(KINDS)
    x[at : at + len(KINDS)] = 100 * (masks >> np.arange(1, len(KINDS) + 1)[:, None] & 1)
    at += len(KINDS)
    main = masks >> len(KINDS) & 1
    prose_in, links_in, weight_in = (within(where, column, last) for column in (prose, weight * share, weight))
    all_prose = int(prose_in[0])
    level = where
    for _ in LEVELS:
        x[at] = links_in[level] // (weight_in[level] + 1)
        x[at + 1] = 100 * prose_in[level] // (weight_in[level] + 1)
        x[at + 2] = 100 * prose_in[level] // (all_prose + 1)
        at += 3
        level = around[level]
    for core in CORES:
        x[at] = 100 * inside(core, prose_in, where, last)
        at += 1
    in_kind = np.bincount(kinds, prose, len(KINDS)).astype(np.int64)
    in_kind = (100 * in_kind // (all_prose + 1))[kinds]
    bad = (kinds > 0) & (kinds < SOFT)
    alike = tags + 4 * (kinds + len(KINDS) * (2 * main + (share > 0)))
    prose_page = 100 * int((weight * ((widths >= 120) & (share < 30))).sum()) // total
    for column in (
        *(100 * (1 - main) * bool(main.any()), in_kind, in_kind * bad),
        np.minimum(100, 3 * np.bincount(alike)[alike]),
        *(np.full(n, prose_page), prose_page * (short & (share < 50)), prose_page * (share >= 50)),
        prose_page * heading,
    ):
        x[at] = column
        at += 1
    assert at == len(ALONE)
    return Alone(x.T, weight, short, heading, where, kinds, tails, titled, around, last)


def _credible(kinds: Ints, masks: Ints, prose: Ints) -> tuple[Ints, Ints]:
    """The kinds without those that would leave nothing of the page. Where nearly all of its running text is in
    comments, it is a thread; where a page builder calls each of its parts a widget, the name says nothing."""
    kinds, masks = kinds.copy(), masks.copy()
    most = NAME_SHARE * int(prose.sum())
    for kind in range(1, SOFT):
        named = masks >> kind & 1
        if 100 * int((prose * named).sum()) > most:
            masks -= named << kind
            kinds[kinds == kind] = 0
    return kinds, masks


def within(where: Ints, value: Ints, last: Ints) -> Ints:
    """For each container the sum of a value over the blocks inside it."""
    own = np.bincount(where, value, len(last)).astype(np.int64)
    sums = np.concatenate([[0], np.cumsum(own)])
    return sums[last + 1] - sums[:-1]


def inside(core: int, value_in: Ints, where: Ints, last: Ints) -> NDArray[np.bool_]:
    """For each block whether it is inside the innermost container that has a share of all."""
    found = int(np.flatnonzero(100 * value_in >= core * value_in[0])[-1]) if value_in[0] else 0
    return (where >= found) & (where <= last[found])


def among(score: Ints, about: Alone) -> Ints:
    """n x AMONG, from the score of each block alone."""
    weight, where, kinds, around, last = about.weight, about.where, about.kind, about.around, about.last
    n = len(score)
    likely = np.clip((score + 250) // 5, 0, 100)
    sums = np.concatenate([[0], np.cumsum(likely * weight)])
    weights = np.concatenate([[0], np.cumsum(weight)])
    rows = np.arange(n)
    columns = [likely]
    for low, high in WINDOWS:
        first, end = np.clip(rows + low, 0, n), np.clip(rows + high, 0, n)
        columns.append((sums[end] - sums[first]) // (weights[end] - weights[first] + 15))
    good = weight * (likely > 50)
    so_far = np.cumsum(good)
    total, whole = int(so_far[-1]), int(weights[-1]) + 1
    good_in_kind = np.bincount(kinds, good, len(KINDS)).astype(np.int64)
    columns += [
        *(100 * (so_far - good == 0), 100 * (so_far == total)),
        *(100 * ((so_far - good) * 50 > total * 49), 100 * (so_far * 50 < total)),
        *(np.full(n, 6 * total.bit_length()), np.full(n, 100 * total // whole)),
        (100 * good_in_kind // (total + 1))[kinds],
    ]
    good_in, weight_in = within(where, good, last), within(where, weight, last)
    level = where
    for _ in LEVELS:
        columns += [100 * good_in[level] // (weight_in[level] + 1), 100 * good_in[level] // (total + 1)]
        level = around[level]
    columns += [100 * inside(core, good_in, where, last) for core in CORES]
    behind_tail = (about.tail == 1) & (so_far * 5 >= total * 2)
    tails_so_far = np.cumsum(behind_tail)
    first_title = int(np.argmax(about.titled)) if about.titled.any() else 0
    columns += [
        100 * (rows < first_title),
        100 * (tails_so_far > 0),
        100 * (tails_so_far > np.concatenate([np.zeros(min(12, n), np.int64), tails_so_far[:-12]])[:n]),
    ]
    return np.stack(columns).T

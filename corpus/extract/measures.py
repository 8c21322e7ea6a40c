"""Measures: what is known of each block, alone and among its neighbours, as whole numbers: a column a measure.

Whole numbers, because a sum of them is the same on every machine, and so is which blocks stay. Shares and likelihoods
count in percent, scores in hundredths of a logit.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from corpus.extract.blocks import (
    COLONS,
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
from corpus.extract.regions import KINDS, Region

Ints = NDArray[np.int64]

WIDTHS = (12, 25, 50, 90, 160, 300)  # columns: the bounds between classes of width
LINK_SHARES = (1, 25, 60)  # percent
LONG, SHORT = 90, 50
MAX_WIDTH = 400  # what one block may weigh among its neighbours
WINDOWS = ((-1, 0), (1, 2), (-3, 0), (1, 4), (-8, 0), (1, 9), (-25, 0), (1, 26))

ALONE = (
    *(f"width from {low}" for low in (0, *WIDTHS)),
    *(f"links from {low} %" for low in (0, *LINK_SHARES)),
    *("paragraph", "heading", "preformatted", "sentence", "long sentence", "colon", "commas", "digits"),
    *("short frame", "frame", "tail", "frame words", "titled"),
    *(f"in {kind or 'no region'}" for kind in KINDS),
    *(f"long in {kind or 'no region'}" for kind in KINDS),
    *("in main", "page has main, not in it"),
    *("region's links", "region's long text", "region's share", "alike on page"),
    *("prose page", "prose page: short", "prose page: linked", "prose page: heading"),
)
AMONG = (
    "likely",
    *(f"likely from {low} to {high}" for low, high in WINDOWS),
    *("first likely", "last likely", "behind 98 %", "within 2 %"),
    *("likely text", "likely share", "likely in its kind", "likely in its region", "region's likely share"),
    *("before title", "behind tail", "just behind tail"),
)


def alone(blocks: Blocks, regions: list[Region]) -> tuple[Ints, Ints]:
    """(n x ALONE; n x 7: weight, short, heading, region, kind, tail, titled)."""
    text = blocks.text
    n = len(text)
    widths, linked, tags, where, flags = [np.array(column, np.int64) for column in blocks[1:]]
    lengths = np.array([len(line) for line in text], np.int64)
    kinds = np.array([region.kind for region in regions], np.int64)[where]
    main = np.array([region.main for region in regions], np.int64)[where]
    frames, tails, titled = flags & IS_FRAME, (flags & IS_TAIL) // IS_TAIL, (flags & IS_TITLE) // IS_TITLE
    weight = np.minimum(widths, MAX_WIDTH)
    total = int(weight.sum()) + 1
    share = 100 * np.minimum(linked, lengths) // lengths
    long = (widths >= LONG) & (share < 25)
    sentence = np.array([line[-1] in ENDS for line in text])
    heading = tags == HEADING
    short = widths < SHORT
    x = np.zeros((len(ALONE), n), np.int64)
    rows = np.arange(n)
    x[np.searchsorted(WIDTHS, widths, side="right"), rows] = 100
    x[7 + np.searchsorted(LINK_SHARES, share, side="right"), rows] = 100
    at = 7 + 4
    for column in (
        *(tags == PARAGRAPH, heading, tags == PREFORMATTED, sentence, sentence & (widths > SHORT)),
        np.array([line[-1] in COLONS for line in text]),
        np.array([line.count(",") > 1 for line in text]),
        np.array([line[0].isdigit() or line[-1].isdigit() for line in text]),
        *(frames * (widths < 40), frames, tails, flags & HAS_FRAME_WORDS != 0, titled),
    ):
        x[at] = 100 * column
        at += 1
    x[at + kinds, rows] = 100
    at += len(KINDS)
    x[at + kinds, rows] = 100 * long
    at += len(KINDS)
    in_region = np.bincount(where, weight, len(regions)).astype(np.int64) + 1
    links_in_region = np.bincount(where, weight * share, len(regions)).astype(np.int64)
    long_in_region = np.bincount(where, weight * long, len(regions)).astype(np.int64)
    alike = tags + 4 * (kinds + len(KINDS) * (2 * main + (share > 0)))
    prose = 100 * int((weight * ((widths >= 120) & (share < 30))).sum()) // total
    for column in (
        *(100 * main, 100 * (1 - main) * bool(main.any())),
        *((links_in_region // in_region)[where], (100 * long_in_region // in_region)[where]),
        (100 * in_region // total)[where],
        np.minimum(100, 3 * np.bincount(alike)[alike]),
        *(np.full(n, prose), prose * (short & (share < 50)), prose * (share >= 50), prose * heading),
    ):
        x[at] = column
        at += 1
    return x.T, np.stack([weight, short, heading, where, kinds, tails, titled], 1)


def among(score: Ints, about: Ints, regions: int) -> Ints:
    """n x AMONG, from the score of each block alone and the second result of `alone`."""
    weight, _, _, where, kinds, tail, titled = about.T
    n = len(score)
    likely = np.clip((score + 250) // 5, 0, 100)
    sums = np.concatenate([[0], np.cumsum(likely * weight)])
    weights = np.concatenate([[0], np.cumsum(weight)])
    rows = np.arange(n)
    columns = [likely]
    for low, high in WINDOWS:
        first, last = np.clip(rows + low, 0, n), np.clip(rows + high, 0, n)
        columns.append((sums[last] - sums[first]) // (weights[last] - weights[first] + 15))
    good = weight * (likely > 50)
    so_far = np.cumsum(good)
    total, whole = int(so_far[-1]), int(weights[-1]) + 1
    good_in_kind = np.bincount(kinds, good, len(KINDS)).astype(np.int64)
    good_in_region = np.bincount(where, good, regions).astype(np.int64)
    in_region = np.bincount(where, weight, regions).astype(np.int64) + 1
    behind_tail = (tail == 1) & (so_far * 5 >= total * 2)
    tails_so_far = np.cumsum(behind_tail)
    first_title = int(np.argmax(titled)) if titled.any() else 0
    columns += [
        *(100 * (so_far - good == 0), 100 * (so_far == total)),
        *(100 * ((so_far - good) * 50 > total * 49), 100 * (so_far * 50 < total)),
        *(np.full(n, 6 * total.bit_length()), np.full(n, 100 * total // whole)),
        *((100 * good_in_kind // (total + 1))[kinds], (100 * good_in_region // (total + 1))[where]),
        (100 * good_in_region // in_region)[where],
        100 * (rows < first_title),
        100 * (tails_so_far > 0),
        100 * (tails_so_far > np.concatenate([np.zeros(min(12, n), np.int64), tails_so_far[:-12]])[:n]),
    ]
    return np.stack(columns).T

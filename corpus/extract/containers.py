"""Containers: sums over the blocks that are inside each of a page's regions, and inside those around them."""

from __future__ import annotations

import numpy as np

from corpus.text.compiled import kernel

LEVELS = 3  # of containers around a block, from the innermost
CORES = (50, 70, 90)  # percent


@kernel
def add_inner(sums, last):
    """To each container's own sum of a value, in place, the sums of those inside it."""
    before = np.zeros(len(sums) + 1, np.int64)
    for number in range(len(sums)):
        before[number + 1] = before[number] + sums[number]
    for number in range(len(sums)):
        sums[number] = before[last[number] + 1] - before[number]


@kernel
def innermost_with_share(core, sums):
    """The innermost container that has a share of all; the page, where there is nothing to share."""
    if sums[0]:
        for number in range(len(sums) - 1, 0, -1):
            if 100 * sums[number] >= core * sums[0]:
                return number
    return 0

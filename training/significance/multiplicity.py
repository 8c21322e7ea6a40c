"""Multiplicity: of many tasks some differ by luck. Holm's correction, and what could have been seen at all."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from scipy import stats

ALPHA, POWER = 0.05, 0.8


def adjust_holm(p: Sequence[float]) -> list[float]:
    """Each p after Holm's correction (Holm 1979): of all that are below ALPHA, one is so by luck 5 % of the time at
    most, however the tasks depend on each other."""
    order = np.argsort(p, kind="stable")
    steps = [min(1.0, (len(p) - rank) * p[place]) for rank, place in enumerate(order)]
    found = np.empty(len(p))
    found[order] = np.maximum.accumulate(steps) if steps else steps
    return [float(value) for value in found]


def minimum_detectable_effect(
    standard_error: float, freedom: float, tasks: int, clusters: int, items: int, share: bool
) -> float | None:
    """The smallest true difference that is found in 80 % of the cases, in the score's units (Bloom 1995; Miller 2024,
    arXiv:2411.00640, section 5). At ALPHA / tasks, which Holm asks of the smallest p: another may be let through with
    less, never a first.

    A share cannot show less than the few items whose change alone passes the sign test, also where the two sides did
    not differ at all. None where that is more than all clusters, or where nothing varies, so that nothing is known.
    """
    level = ALPHA / tasks
    fewest = math.ceil(math.log2(2 / level))
    if fewest > clusters or (standard_error == 0 and not share):
        return None
    reach = float(stats.t.ppf(1 - level / 2, freedom) + stats.t.ppf(POWER, freedom)) * standard_error
    return max(reach, fewest / items) if share else reach

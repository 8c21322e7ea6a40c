"""Intervals: how far a score could lie from its value by the choice of items alone, at 95 %."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

Z = 1.959963984540054  # the normal distribution's 97.5 % point
RESAMPLES = 1000


class Estimate(NamedTuple):
    value: float
    low: float
    high: float


def wilson(correct: int, n: int) -> Estimate:
    """A share with its Wilson score interval (Wilson 1927), which stays inside [0, 1] and holds for few items."""
    share, z2 = correct / n, Z * Z
    middle = (share + z2 / (2 * n)) / (1 + z2 / n)
    reach = Z * math.sqrt(share * (1 - share) / n + z2 / (4 * n * n)) / (1 + z2 / n)
    return Estimate(share, max(0.0, middle - reach), min(1.0, middle + reach))


def bootstrap_ratio(tops: np.ndarray, bottoms: np.ndarray, seed: int = 0) -> Estimate:
    """sum(tops) / sum(bottoms) over items (n,), with the percentile interval of 1,000 resamples of the items.

    The same seed draws the same items for every model, so their intervals compare (Efron 1979).
    """
    draws = np.random.RandomState(seed).randint(len(tops), size=(RESAMPLES, len(tops)))
    ratios = tops[draws].sum(axis=1) / bottoms[draws].sum(axis=1)
    low, high = np.percentile(ratios, [2.5, 97.5])
    return Estimate(float(tops.sum() / bottoms.sum()), float(low), float(high))


def estimate(values: np.ndarray, weights: np.ndarray, clusters: list[str]) -> Estimate:
    if (weights == 1).all() and np.isin(values, (0, 1)).all() and len(set(clusters)) == len(clusters):
        return wilson(int(values.sum()), len(values))
    return bootstrap_ratio(values, weights)

"""Area: how well scores of two kinds of text tell them apart, as the area under the receiver's curve."""

from __future__ import annotations

import numpy as np

from training.significance.intervals import Estimate

RESAMPLES = 1000


def area_with_interval(lower: np.ndarray, higher: np.ndarray, seed: int = 0) -> Estimate:
    """How often one of `lower` (m,) is below one of `higher` (n,), equal ones half, with the 95 % interval of resamples
    of both. Raises ValueError where either is empty."""
    if not len(lower) or not len(higher):
        raise ValueError("texts of both kinds are needed, at least one of each")
    wins = ((lower[:, None] < higher) + 0.5 * (lower[:, None] == higher)).astype(np.float32)  # [m, n]
    drawn = np.random.RandomState(seed)
    areas = []
    for _ in range(RESAMPLES):
        # How often each was drawn: the sum over pairs of resamples without the pairs.
        times = [np.bincount(drawn.randint(0, size, size), minlength=size).astype(np.float32) for size in wins.shape]
        areas.append(float(times[0] @ wins @ times[1]) / wins.size)
    low, high = np.percentile(areas, (2.5, 97.5))
    value = float(wins.mean(dtype=np.float64))
    return Estimate(value, float(low), float(high), float(np.std(areas)), "bootstrap of both kinds of text")

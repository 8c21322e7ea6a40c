"""Intervals: how far a score could lie from its value by the choice of items alone, at 95 %."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from scipy.special import stdtrit  # scipy.stats takes a second to import

from training.significance.clusters import Clusters, linearize, number_clusters, sum_clusters, variance
from training.significance.resampling import bootstrap, expanded_percentiles

Z = 1.959963984540054  # the normal distribution's 97.5 % point


class Estimate(NamedTuple):
    """`method` says how the interval was made. The standard error is 0 where nothing varies or only one cluster is
    there: the interval is then the better guide."""

    value: float
    low: float
    high: float
    standard_error: float
    method: str


def wilson_interval(correct: float, n: float, z: float = Z) -> Estimate:
    """A share with its Wilson score interval (Wilson 1927), which stays inside [0, 1] and holds for few items."""
    share, z2 = float(correct / n), z * z
    middle = (share + z2 / (2 * n)) / (1 + z2 / n)
    reach = z * math.sqrt(share * (1 - share) / n + z2 / (4 * n * n)) / (1 + z2 / n)
    error = math.sqrt(share * (1 - share) / (n - 1)) if n > 1 else 0.0
    return Estimate(share, max(0.0, middle - reach), min(1.0, middle + reach), error, "Wilson")


def bootstrap_interval(tops: np.ndarray, bottoms: np.ndarray, seed: int = 0) -> Estimate:
    """sum(tops) / sum(bottoms) over clusters (G,), with the expanded percentile interval of 1,000 resamples.

    One cluster alone has no interval: low and high are its value.
    """
    value, count = float(tops.sum() / bottoms.sum()), len(tops)
    if count == 1:
        return Estimate(value, value, value, 0.0, "none, for one cluster")
    found = bootstrap(np.stack([tops, bottoms]), seed)
    with np.errstate(divide="ignore", invalid="ignore"):  # a resample without weight has no ratio, and is left out
        low, high = expanded_percentiles(found[0] / found[1], count)
    return Estimate(value, low, high, math.sqrt(variance(linearize(tops, bottoms))), "bootstrap over clusters")


def is_share(values: np.ndarray, weights: np.ndarray) -> bool:
    """Whether all items are right or wrong, and count alike."""
    return bool(np.isin(values, (0.0, 1.0)).all() and (weights == 1).all())


def estimate(values: np.ndarray, weights: np.ndarray | None = None, clusters: Clusters = None) -> Estimate:
    """sum(values) / sum(weights) over items (n,) with a 95 % interval and standard error that heed the clusters.

    A share of right answers has Wilson's interval. Where items share clusters it is that of as many items as would
    vary as much, n / (design effect), with Student's quantile for the number of clusters (Korn and Graubard 1998;
    Franco et al. 2019, who find Wilson's form best of those so adjusted); where all are right or all wrong, of as many
    items as there are clusters. Any other ratio has a bootstrap over clusters. Raises ValueError where there is
    nothing to estimate: no item, a value that is not finite, a weight below 0, or no weight at all.
    """
    values = np.asarray(values, dtype=np.float64)
    weights = np.ones(len(values)) if weights is None else np.asarray(weights, dtype=np.float64)
    check_items(values, weights)
    numbers = number_clusters(clusters, len(values))
    tops, bottoms = sum_clusters(values, numbers), sum_clusters(weights, numbers)
    if not is_share(values, weights):
        return bootstrap_interval(tops, bottoms)
    n, count, share = len(values), len(tops), float(values.mean())
    if numbers is None:
        return wilson_interval(values.sum(), n)
    if count == 1:
        return wilson_interval(share, 1)._replace(method="Wilson, one cluster as one item")
    spread = variance(linearize(tops, bottoms))
    independent = min(n, share * (1 - share) / spread + 1) if spread > 0 else count
    found = wilson_interval(share * independent, independent, float(stdtrit(count - 1, 0.975)))
    how = f"Wilson, {n:,} items in {count:,} clusters as {independent:,.0f} items"
    return found._replace(value=share, standard_error=math.sqrt(spread), method=how)


def check_items(values: np.ndarray, weights: np.ndarray) -> None:
    """Raises ValueError where items (n,) have no ratio of sums."""
    if len(values) == 0:
        raise ValueError("no items; a score of nothing would mean nothing")
    if len(values) != len(weights):
        raise ValueError(f"{len(values)} values and {len(weights)} weights; give one for each item")
    if bad := int((~np.isfinite(values) | ~np.isfinite(weights)).sum()):
        raise ValueError(f"{bad} of {len(values)} items have a value or weight that is not finite")
    if weights.min() < 0 or weights.sum() <= 0:
        raise ValueError(
            f"weights from {weights.min()} that sum to {weights.sum()}; they weigh items, and must be positive"
        )

"""Difference: B - A on the same items, its 95 % interval, and how often luck alone makes one as large.

One checkpoint a side: how they would compare on other items of the kind. Items are the units, or clusters of them.
    right or wrong, no clusters   McNemar's exact test: only items that one side alone gets right tell, and were the
                                  sides alike, each would be as likely A's as B's (McNemar 1947)
    anything else                 whole clusters are swapped between the sides: exact for any distribution where a
                                  bootstrap's p is not, and it asks the same as McNemar's test does
    the interval                  paired bootstrap over clusters, expanded expanded_percentiles

Several seeds a side: how the recipes would compare on other items AND with other seeds. Their seeds and items are
crossed, so that the variance of the mean is that between seeds, plus that between items of the mean over seeds, minus
what both hold, the items' luck with each seed (two-way clustering, Cameron, Gelbach and Miller 2011; Owen 2007), and
no less than either. Student's t with degrees of freedom by Satterthwaite's rule (1946), as in Welch's test, which lets
the recipes vary unlike; the side with fewer seeds gives the degrees of both, for with 2 seeds beside 5 the plain rule
is wrong 7 % of the time. Where one side has a single seed, the other's variance stands in for its own.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy import stats

from training.significance.alignment import Pairs, Side
from training.significance.clusters import linearize, sum_clusters, variance
from training.significance.resampling import EXACT, FLIPS, bootstrap, expanded_percentiles, swap_test


@dataclass(frozen=True, kw_only=True)
class Difference:
    """In the score's units; `freedom` are the degrees of freedom of `standard_error`."""

    a: float
    b: float
    value: float  # b - a
    low: float
    high: float
    standard_error: float
    freedom: float
    p: float
    method: str


def estimate_difference(pairs: Pairs) -> Difference:
    if pairs.clusters == 1:
        a, b = (float(_ratios(side).mean()) for side in (pairs.a, pairs.b))
        method = "no test: one item, or one cluster, says nothing of others"
        return Difference(
            a=a, b=b, value=b - a, low=b - a, high=b - a, standard_error=0.0, freedom=1, p=1.0, method=method
        )
    return _of_seeds(pairs) if max(len(pairs.a.values), len(pairs.b.values)) > 1 else _of_checkpoints(pairs)


def _ratios(side: Side) -> np.ndarray:
    """Of each seed, (S,)."""
    return np.asarray(side.values.sum(axis=1) / side.weights.sum(axis=1))


def _clustered(side: Side, numbers: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
    """Tops and bottoms (S, G)."""
    tops, bottoms = (np.stack([sum_clusters(row, numbers) for row in rows]) for rows in (side.values, side.weights))
    return tops, bottoms


def _units(pairs: Pairs) -> str:
    return "items" if pairs.numbers is None else "clusters"


def _of_checkpoints(pairs: Pairs) -> Difference:
    a, b = (np.concatenate(_clustered(side, pairs.numbers)) for side in (pairs.a, pairs.b))  # (2, G)
    value_a, value_b = (float(side[0].sum() / side[1].sum()) for side in (a, b))
    drawn = bootstrap(np.concatenate([a, b]))
    with np.errstate(divide="ignore", invalid="ignore"):  # a resample without weight has no ratio, and is left out
        low, high = expanded_percentiles(drawn[2] / drawn[3] - drawn[0] / drawn[1], pairs.clusters)
    p, method = _mcnemar(pairs) if pairs.share and pairs.numbers is None else _swaps(pairs, a, b)
    return Difference(
        a=value_a,
        b=value_b,
        value=value_b - value_a,
        low=low,
        high=high,
        standard_error=math.sqrt(variance(linearize(*b) - linearize(*a))),
        freedom=pairs.clusters - 1,
        p=p,
        method=method,
    )


def _mcnemar(pairs: Pairs) -> tuple[float, str]:
    only_a, only_b = (int(np.sum(one.values > two.values)) for one, two in ((pairs.a, pairs.b), (pairs.b, pairs.a)))
    p = float(stats.binomtest(only_a, only_a + only_b).pvalue) if only_a + only_b else 1.0
    return p, f"McNemar's exact test: {only_a:,} items right in A alone, {only_b:,} in B alone"


def _swaps(pairs: Pairs, a: np.ndarray, b: np.ndarray) -> tuple[float, str]:
    count = int(((a - b) != 0).any(axis=0).sum())
    ways = f"all {2**count:,}" if count <= EXACT else f"{FLIPS:,} random"
    return swap_test(
        a, b
    ), f"swap test: {ways} ways to swap the {count:,} of {pairs.clusters:,} {_units(pairs)} that differ"


def _of_seeds(pairs: Pairs) -> Difference:
    scores = [_ratios(side) for side in (pairs.a, pairs.b)]
    error, freedom, of_seeds = _spread(pairs, scores)
    a, b = (float(score.mean()) for score in scores)
    reach = float(stats.t.ppf(0.975, freedom)) * error
    counts = " and ".join(str(len(score)) for score in scores)
    return Difference(
        a=a,
        b=b,
        value=b - a,
        low=b - a - reach,
        high=b - a + reach,
        standard_error=error,
        freedom=freedom,
        p=float(2 * stats.t.sf(abs(b - a) / error, freedom)) if error else _constant(a, b, pairs.clusters),
        method=f"t test over {counts} seeds and {pairs.clusters:,} {_units(pairs)}: {freedom:.1f} degrees of freedom, "
        f"{of_seeds:.0%} of the variance from seeds",
    )


def _constant(a: float, b: float, clusters: int) -> float:
    """p where neither seeds nor items vary, which has no t: as of a sign test, in which all clusters change one way."""
    return 1.0 if a == b else 2.0 ** (1 - clusters)


def _spread(pairs: Pairs, scores: list[np.ndarray]) -> tuple[float, float, float]:
    """The standard error of the difference, its degrees of freedom, and what share of its variance is the seeds'."""
    terms = [linearize(*_clustered(side, pairs.numbers)) for side in (pairs.a, pairs.b)]  # (S, G)
    told = [place for place, score in enumerate(scores) if len(score) > 1]  # the sides whose seeds' variance is seen
    least = min(len(scores[place]) for place in told) - 1
    parts, crossed = [], 0.0
    for place, score in enumerate(scores):
        seen = place if place in told else told[0]
        parts.append(float(scores[seen].var(ddof=1)) / len(score))
        crossed += _crossed(terms[seen]) / len(score)
    seeds, items = sum(parts), variance(terms[1].mean(axis=0) - terms[0].mean(axis=0))
    if seeds + items == 0:
        return 0.0, float(pairs.clusters - 1), 0.0
    total = max(seeds, items, seeds + items - crossed)
    if len(told) == 1:
        parts = [seeds]  # one estimate, used for both
    freedom = total**2 / (sum(part**2 for part in parts) / least + items**2 / (pairs.clusters - 1))
    if len(told) == 1 and least == 1:
        freedom = 1.0  # three runs in all: where by luck the two are close, the rule would trust them too far
    return math.sqrt(total), max(1.0, freedom), seeds / (seeds + items)


def _crossed(terms: np.ndarray) -> float:
    """The variance of one seed's score that comes of items' luck with that seed, of terms (S, G) of several."""
    seeds, clusters = terms.shape
    rest = terms - terms.mean(axis=0)  # a seed's terms sum to 0, so that this is what neither seed nor item explains
    return float((rest**2).sum() * clusters / ((seeds - 1) * (clusters - 1)))

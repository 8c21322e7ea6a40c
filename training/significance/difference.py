"""Difference: B - A on the same items, its 95 % interval, and how often luck alone makes one as large.

One checkpoint a side: how they would compare on other items of the kind. Items are the units, or clusters of them.
    right or wrong, no clusters   McNemar's exact test: only items that one side alone gets right tell, and were the
                                  sides alike, each would be as likely A's as B's (McNemar 1947)
    anything else                 whole clusters are swapped between the sides: exact for any distribution where a
                                  bootstrap's p is not, and it asks the same as McNemar's test does
    the interval                  paired bootstrap over clusters, expanded percentiles

Several seeds a side: how the recipes would compare on other items AND with other seeds. Their seeds and items are
crossed, so that the variance of the mean is that between seeds, plus that between items of the mean over seeds, minus
what both hold, the items' luck with each seed (two-way clustering, Cameron, Gelbach and Miller 2011; Owen 2007), and
no less than either. Student's t with degrees of freedom by Satterthwaite's rule (1946), as in Welch's test: with two
seeds a side that tell most of the variance, about two. Where one side has a single seed, the other's variance stands in.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy import stats

from training.significance.alignment import Pairs, Side
from training.significance.clusters import linearized, sums, variance
from training.significance.resampling import EXACT, FLIPS, bootstrap, percentiles, swap_test


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


def difference(pairs: Pairs) -> Difference:
    if pairs.clusters == 1:
        a, b = (float(_ratios(side).mean()) for side in (pairs.a, pairs.b))
        method = "no test: one item, or one cluster, says nothing of others"
        return Difference(a=a, b=b, value=b - a, low=b - a, high=b - a, standard_error=0.0, freedom=1, p=1.0, method=method)
    return _of_seeds(pairs) if max(len(pairs.a.values), len(pairs.b.values)) > 1 else _of_checkpoints(pairs)


def _ratios(side: Side) -> np.ndarray:
    """Of each seed, (S,)."""
    return np.asarray(side.values.sum(axis=1) / side.weights.sum(axis=1))


def _clustered(side: Side, numbers: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
    """Tops and bottoms (S, G)."""
    tops, bottoms = (np.stack([sums(row, numbers) for row in rows]) for rows in (side.values, side.weights))
    return tops, bottoms


def _of_checkpoints(pairs: Pairs) -> Difference:
    a, b = (np.concatenate(_clustered(side, pairs.numbers)) for side in (pairs.a, pairs.b))  # (2, G)
    value_a, value_b = (float(side[0].sum() / side[1].sum()) for side in (a, b))
    drawn = bootstrap(np.concatenate([a, b]))
    with np.errstate(divide="ignore", invalid="ignore"):  # a resample without weight has no ratio, and is left out
        low, high = percentiles(drawn[2] / drawn[3] - drawn[0] / drawn[1], pairs.clusters)
    p, method = _mcnemar(pairs) if pairs.share and pairs.numbers is None else _swaps(a, b)
    return Difference(
        a=value_a,
        b=value_b,
        value=value_b - value_a,
        low=low,
        high=high,
        standard_error=math.sqrt(variance(linearized(*b) - linearized(*a))),
        freedom=pairs.clusters - 1,
        p=p,
        method=method,
    )


def _mcnemar(pairs: Pairs) -> tuple[float, str]:
    only_a, only_b = (int(np.sum(one.values > two.values)) for one, two in ((pairs.a, pairs.b), (pairs.b, pairs.a)))
    p = float(stats.binomtest(only_a, only_a + only_b).pvalue) if only_a + only_b else 1.0
    return p, f"McNemar's exact test: {only_a:,} items right in A alone, {only_b:,} in B alone"


def _swaps(a: np.ndarray, b: np.ndarray) -> tuple[float, str]:
    count = int(((a - b) != 0).any(axis=0).sum())
    ways = f"all {2**count:,}" if count <= EXACT else f"{FLIPS:,} random"
    return swap_test(a, b), f"swap test: {ways} ways to swap the {count:,} of {a.shape[1]:,} clusters that differ"


def _of_seeds(pairs: Pairs) -> Difference:
    sides = (pairs.a, pairs.b)
    scores = [_ratios(side) for side in sides]
    terms = [linearized(*_clustered(side, pairs.numbers)) for side in sides]  # (S, G)
    between = {place: float(score.var(ddof=1)) for place, score in enumerate(scores) if len(score) > 1}
    both = {place: _crossed(term) for place, term in enumerate(terms) if len(term) > 1}
    if len(between) == 2:
        parts = [(between[place] / len(scores[place]), len(scores[place]) - 1) for place in between]
        crossed = sum(both[place] / len(scores[place]) for place in both)
    else:
        [known] = between
        shares = 1 + 1 / len(scores[known])
        parts = [(between[known] * shares, len(scores[known]) - 1)]
        crossed = both[known] * shares
    items = variance(terms[1].mean(axis=0) - terms[0].mean(axis=0))
    seeds = sum(part for part, _ in parts)
    total = max(seeds, items, seeds + items - crossed)
    parts.append((items, pairs.clusters - 1))
    below = sum(part**2 / freedom for part, freedom in parts)
    freedom = max(1.0, total**2 / below) if below else float(pairs.clusters - 1)
    a, b = (float(score.mean()) for score in scores)
    error = math.sqrt(total)
    reach = float(stats.t.ppf(0.975, freedom)) * error
    if error:
        p = float(2 * stats.t.sf(abs(b - a) / error, freedom))
    else:
        p = 1.0 if a == b else 0.0
    counts = " and ".join(str(len(score)) for score in scores)
    share = f"{seeds / (seeds + items):.0%} of the variance from seeds" if error else "nothing varies"
    method = f"t test over {counts} seeds and {pairs.clusters:,} clusters, {freedom:.1f} degrees of freedom, {share}"
    return Difference(
        a=a, b=b, value=b - a, low=b - a - reach, high=b - a + reach, standard_error=error, freedom=freedom, p=p, method=method
    )


def _crossed(terms: np.ndarray) -> float:
    """The variance of one seed's score that comes of items' luck with that seed, of terms (S, G) of several."""
    seeds, clusters = terms.shape
    rest = terms - terms.mean(axis=0)  # a seed's terms sum to 0, so that this is what neither seed nor item explains
    return float((rest**2).sum() * clusters / ((seeds - 1) * (clusters - 1)))

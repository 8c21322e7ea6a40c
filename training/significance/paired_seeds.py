"""Paired seeds: two recipes by one figure a run, with the same seeds on both sides.

A seed decides the order of the data for both, so that the difference within a seed varies less than either side does.
Student's t over these differences; the figure's own sampling error, of the held-out texts, is not in it.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy import stats

from training.significance.difference import Difference


def compare_paired(a: Sequence[float], b: Sequence[float]) -> Difference:
    """One figure a seed of each side, in the same order of seeds. Raises ValueError where they are not as many."""
    if len(a) != len(b) or len(a) == 0:
        raise ValueError(f"{len(a)} and {len(b)} figures: each seed needs one of both sides")
    differences = np.asarray(b, float) - np.asarray(a, float)
    value, seeds = float(differences.mean()), len(differences)
    means = {"a": float(np.mean(a)), "b": float(np.mean(b)), "value": value}
    error = float(differences.std(ddof=1) / np.sqrt(seeds)) if seeds > 1 else 0.0
    if error == 0:
        p = 1.0 if seeds == 1 or value == 0 else 2.0 ** (1 - seeds)  # as of a sign test: all change one way
        method = "no test: one seed says nothing of others" if seeds == 1 else f"all {seeds} seeds differ alike"
        return Difference(**means, low=value, high=value, standard_error=0.0, freedom=seeds - 1, p=p, method=method)
    found = stats.ttest_1samp(differences, 0.0)
    low, high = found.confidence_interval(0.95)
    return Difference(
        **means,
        low=float(low),
        high=float(high),
        standard_error=error,
        freedom=seeds - 1,
        p=float(found.pvalue),
        method=f"paired t test over {seeds} seeds",
    )

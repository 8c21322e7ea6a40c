"""Clusters: items about one passage stand or fall together, so that only sums over each are independent."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

Clusters = Sequence[Any] | np.ndarray | None  # a name for each item; None: each item is its own


def number_clusters(clusters: Clusters, n: int) -> np.ndarray | None:
    """The number of each item's cluster, by order of names; None where no two items share one."""
    if clusters is None:
        return None
    names, numbers = np.unique(np.asarray(clusters), return_inverse=True)
    if len(numbers) != n:
        raise ValueError(f"{len(numbers)} clusters for {n} items; give one for each")
    return None if len(names) == n else numbers


def sum_clusters(values: np.ndarray, numbers: np.ndarray | None) -> np.ndarray:
    """Of values (n,) over each cluster, (G,)."""
    return values if numbers is None else np.bincount(numbers, weights=values)


def linearize(tops: np.ndarray, bottoms: np.ndarray) -> np.ndarray:
    """What each cluster adds to the error of sum(tops) / sum(bottoms), to first order; together 0."""
    total = bottoms.sum(axis=-1, keepdims=True)
    return (tops - tops.sum(axis=-1, keepdims=True) / total * bottoms) / total


def variance(terms: np.ndarray) -> float:
    """Of a ratio whose linearized terms (G,) are given; 0 for one cluster, which says nothing of others.

    The cluster-robust estimator with its correction for few clusters, G / (G - 1) (Cameron and Miller 2015, A
    practitioner's guide to cluster-robust inference; Miller 2024, arXiv:2411.00640, for scores). Without clusters and
    with weights of 1 it is the sample variance over n.
    """
    count = len(terms)
    return float(count / (count - 1) * (terms**2).sum()) if count > 1 else 0.0

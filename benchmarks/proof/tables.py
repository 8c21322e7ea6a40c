"""Tables: what the stored runs say, in numbers: the scores of an arm, its differences, what could have been seen."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import NamedTuple

import numpy as np
from scipy import stats

from benchmarks.proof.stored import Run, results_of
from training.significance.comparison import Comparison, compare_results

SIGNIFICANT = 0.05
QUESTIONS = ("arc_easy", "blimp", "hellaswag", "piqa")


@dataclass(frozen=True, kw_only=True)
class Mean:
    """The mean over the domains of their bits per byte, of two arms, over seeds. `relative`: how much lower B's is than
    A's, as a share of A's, with its interval at 95 %. `p`: Welch's test over seeds."""

    a: float
    b: float
    relative: float
    low: float
    high: float
    p: float


def compare_arms(a: Sequence[Run], b: Sequence[Run]) -> Comparison:
    """Per task, corrected for their number."""
    return compare_results(*({run.name: results_of(run) for run in side} for side in (a, b)))


def domain_scores(runs: Sequence[Run]) -> dict[str, np.ndarray]:
    """Bits per byte by domain, a seed each."""
    found: dict[str, list[float]] = {}
    for run in runs:
        for task, results in results_of(run).items():
            values, weights = (results.items[name].to_numpy().sum() for name in ("value", "weight"))
            found.setdefault(task, []).append(float(values / weights))
    return {task: np.array(values) for task, values in found.items()}


def compare_means(a: Sequence[Run], b: Sequence[Run]) -> Mean:
    """Needs two seeds a side."""
    sides = [domain_scores(side) for side in (a, b)]
    domains = [task for task in sides[0] if task not in QUESTIONS]
    first, second = (np.mean([side[domain] for domain in domains], axis=0) for side in sides)
    test = stats.ttest_ind(first, second, equal_var=False)
    interval = test.confidence_interval()
    base = first.mean()
    return Mean(
        a=float(base),
        b=float(second.mean()),
        relative=float((base - second.mean()) / base),
        low=float(interval.low / base),
        high=float(interval.high / base),
        p=float(test.pvalue),
    )


def domain_changes(a: Sequence[Run], b: Sequence[Run]) -> dict[str, float]:
    """How much higher B's bits per byte are than A's, by domain, as a share of A's."""
    first, second = domain_scores(a), domain_scores(b)
    return {name: float(second[name].mean() / first[name].mean() - 1) for name in first if name not in QUESTIONS}


class FalsePositives(NamedTuple):
    """Of so many `comparisons` of an arm with itself, how many say that a task differs, and how many that the mean over
    the domains does."""

    comparisons: int
    tasks: int
    means: int


def false_positives(arms: Iterable[Sequence[Run]], size: int) -> FalsePositives:
    """All ways to compare two seeds of an arm with `size` others of it."""
    pairs = [
        (one, other)
        for runs in arms
        for one in combinations(runs, 2)
        for other in combinations([run for run in runs if run not in one], size)
        if size > 2 or one[0].seed < other[0].seed
    ]
    tasks = sum(any(task.better for task in compare_arms(*pair).tasks) for pair in pairs)
    means = sum(compare_means(*pair).p < SIGNIFICANT for pair in pairs)
    return FalsePositives(comparisons=len(pairs), tasks=tasks, means=means)


def by_arm(runs: Sequence[Run], tokens: int, learning_rate: float) -> Mapping[str, list[Run]]:
    """The runs of a budget."""
    found: dict[str, list[Run]] = {}
    for run in runs:
        if (run.tokens, run.learning_rate) == (tokens, learning_rate):
            found.setdefault(run.arm, []).append(run)
    return found

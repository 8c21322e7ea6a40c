from __future__ import annotations

import numpy as np
import pytest

from training.significance.intervals import bootstrap_ratio, wilson


@pytest.mark.parametrize(
    ("correct", "n", "low", "high"),
    # Newcombe 1998, table I, method 3.
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_wilson_gives_the_published_intervals(correct: int, n: int, low: float, high: float) -> None:
    found = wilson(correct, n)
    assert (found.value, found.low, found.high) == pytest.approx((correct / n, low, high), abs=5e-5)


def test_bootstrap_covers_the_truth_about_as_often_as_it_says() -> None:
    random = np.random.RandomState(0)
    hits = 0
    for _ in range(200):
        sizes = random.randint(50, 500, size=60).astype(float)
        found = bootstrap_ratio(sizes * random.normal(2.0, 0.4, size=60), sizes)
        hits += found.low <= 2.0 <= found.high
    # 95 % of 200 is 190; five standard deviations (3.1 each) below it is 174.
    assert hits >= 174


def test_bootstrap_is_the_same_each_time_and_narrows_with_the_items() -> None:
    random = np.random.RandomState(1)
    tops = random.normal(2.0, 0.4, size=1000)
    ones = np.ones(1000)
    assert bootstrap_ratio(tops, ones) == bootstrap_ratio(tops, ones)
    many, few = bootstrap_ratio(tops, ones), bootstrap_ratio(tops[:50], ones[:50])
    assert many.high - many.low < 0.5 * (few.high - few.low)
    assert many.value == pytest.approx(tops.mean())


def test_one_document_has_no_spread() -> None:
    assert bootstrap_ratio(np.array([3.0]), np.array([2.0])) == (1.5, 1.5, 1.5)

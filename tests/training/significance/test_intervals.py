"""Intervals: they hold the truth as often as they say, also where items hang together."""

from __future__ import annotations

import math
import tracemalloc

import numpy as np
import pytest
from scipy import stats

from training.significance.centred import centre_score, mean_centred_score
from training.significance.intervals import Z, estimate, wilson_interval

RUNS = 400
# How far a share of 95 % strays over so many simulated data sets, at three standard deviations.
STRAY = 3 * math.sqrt(0.95 * 0.05 / RUNS)


def passages(random: np.random.RandomState, count: int, share: float) -> tuple[np.ndarray, np.ndarray]:
    """Right or wrong (n,) and clusters (n,): passages that are easy or hard, with 1 to some 10 questions each."""
    sizes = random.poisson(4, size=count) + 1
    clusters = np.repeat(np.arange(count), sizes)
    easy = random.beta(share, 1 - share, size=count)
    return (random.uniform(size=len(clusters)) < easy[clusters]).astype(float), clusters


@pytest.mark.parametrize(
    ("correct", "n", "low", "high"),
    # Newcombe 1998, table I, method 3.
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_a_share_has_wilson_s_published_intervals(correct: int, n: int, low: float, high: float) -> None:
    found = estimate(np.array([1.0] * correct + [0.0] * (n - correct)))
    assert (found.value, found.low, found.high) == pytest.approx((correct / n, low, high), abs=5e-5)
    assert found[:3] == wilson_interval(correct, n)[:3]


@pytest.mark.parametrize(("share", "n"), [(0.5, 30), (0.9, 100), (0.25, 1000)])
def test_wilson_covers(share: float, n: int) -> None:
    """Exactly: over all counts that may come."""
    counts = np.arange(n + 1)
    held = [found.low <= share <= found.high for found in (wilson_interval(int(count), n) for count in counts)]
    assert stats.binom.pmf(counts, n, share)[held].sum() == pytest.approx(0.95, abs=0.02)


def test_a_ratio_s_interval_covers() -> None:
    random, hits = np.random.RandomState(0), 0
    for _ in range(RUNS):
        sizes = np.exp(random.normal(6, 0.5, size=30))
        found = estimate(sizes * random.normal(2.0, 0.4, size=30), sizes)
        hits += found.low <= 2.0 <= found.high
    assert hits / RUNS == pytest.approx(0.95, abs=STRAY)


@pytest.mark.parametrize(("count", "share"), [(10, 0.3), (30, 0.5), (100, 0.8)])
def test_clusters_are_heeded_where_a_naive_interval_fails(count: int, share: float) -> None:
    random, hits, naive = np.random.RandomState(1), 0, 0
    for _ in range(RUNS):
        right, clusters = passages(random, count, share)
        found, alone = estimate(right, clusters=clusters), estimate(right)
        hits += found.low <= share <= found.high
        naive += alone.low <= share <= alone.high
    assert hits / RUNS == pytest.approx(0.95, abs=STRAY)
    assert naive / RUNS < 0.85


def test_a_clustered_ratio_covers_where_a_naive_interval_fails() -> None:
    random, hits, naive = np.random.RandomState(2), 0, 0
    for _ in range(RUNS):
        clusters = np.repeat(np.arange(30), 5)
        values = random.normal(2, 0.5, size=30)[clusters] + random.normal(0, 0.5, size=150)
        found, alone = estimate(values, clusters=clusters), estimate(values)
        hits += found.low <= 2.0 <= found.high
        naive += alone.low <= 2.0 <= alone.high
    assert hits / RUNS == pytest.approx(0.95, abs=STRAY)
    assert naive / RUNS < 0.85


def test_the_standard_error_is_that_of_a_mean_and_of_sums_over_clusters() -> None:
    values = np.random.RandomState(3).normal(size=50)
    assert estimate(values).standard_error == pytest.approx(values.std(ddof=1) / math.sqrt(50))
    # Each item five times over tells no more than once.
    again = estimate(np.repeat(values, 5), clusters=np.repeat(np.arange(50), 5))
    assert again.standard_error == pytest.approx(estimate(values).standard_error)
    assert (again.low, again.high) == pytest.approx(estimate(values)[1:3])


def test_the_standard_error_of_a_ratio_is_its_spread_over_data_sets() -> None:
    random, ratios, errors = np.random.RandomState(4), [], []
    for _ in range(300):
        sizes = np.exp(random.normal(6, 0.5, size=100))
        found = estimate(sizes * random.normal(2.0, 0.4, size=100), sizes)
        ratios.append(found.value)
        errors.append(found.standard_error)
    assert np.mean(errors) == pytest.approx(np.std(ratios), rel=0.15)


def test_names_of_clusters_and_the_order_of_items_do_not_matter() -> None:
    right, clusters = passages(np.random.RandomState(5), 40, 0.5)
    found = estimate(right, clusters=clusters)
    order = np.random.RandomState(6).permutation(len(right))
    assert estimate(right[order], clusters=[f"p{x:03}" for x in clusters[order]]) == pytest.approx(found)


def test_all_right_and_all_wrong_are_not_certain() -> None:
    for n in (1, 20):
        right, wrong = estimate(np.ones(n)), estimate(np.zeros(n))
        assert right.value == right.high == 1.0
        assert wrong.value == wrong.low == 0.0
        assert right.low == pytest.approx(1 - wrong.high)
        assert 0 < right.low < 1
    # Of passages that are all right there is less to know than of as many questions.
    assert estimate(np.ones(20), clusters=np.arange(20) // 4).low < estimate(np.ones(20)).low


def test_one_cluster_says_little_and_one_document_nothing_of_others() -> None:
    found = estimate(np.array([1.0, 0.0, 1.0, 1.0]), clusters=["one"] * 4)
    assert found.value == 0.75
    assert found.low < 0.3 < 0.95 < found.high
    assert "one cluster" in found.method
    assert estimate(np.array([3.0]), np.array([2.0]))[:4] == (1.5, 1.5, 1.5, 0.0)
    assert estimate(np.array([3.0, 2.0]), np.array([1.0, 1.0]), ["one"] * 2)[:4] == (2.5, 2.5, 2.5, 0.0)


def test_resamples_without_weight_are_left_out() -> None:
    found = estimate(np.array([3.0, 0.0, 0.0]), np.array([2.0, 0.0, 0.0]))
    assert all(math.isfinite(number) for number in found[:4])


@pytest.mark.parametrize(
    ("values", "weights", "words"),
    [
        ([], [], "no items"),
        ([1.0, math.nan], [1.0, 1.0], "1 of 2 items"),
        ([1.0, 2.0], [1.0, math.inf], "not finite"),
        ([1.0], [0.0], "must be positive"),
        ([1.0, 1.0], [-1.0, 2.0], "must be positive"),
        ([1.0, 1.0], [1.0], "2 values and 1 weights"),
    ],
)
def test_what_has_no_score_is_refused(values: list[float], weights: list[float], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        estimate(np.array(values), np.array(weights))


def test_the_same_each_time_and_in_bounded_memory() -> None:
    values = np.random.RandomState(7).exponential(size=20_000)
    tracemalloc.start()
    found = estimate(values)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert found == estimate(values)
    assert peak < 50e6, "1,000 resamples of 20,000 items at once are 160 MB, twice"
    # So many items have an interval as the normal distribution has it.
    assert (found.high - found.low) / (2 * Z * found.standard_error) == pytest.approx(1, abs=0.1)


def test_centred_is_0_for_guessing_and_1_for_all_right() -> None:
    assert [centre_score(value, 0.25) for value in (0.25, 1.0, 0.0)] == pytest.approx([0, 1, -1 / 3])
    assert mean_centred_score([(0.625, 0.25), (0.5, 0.5), (0.9, None)]) == pytest.approx(0.25)
    assert mean_centred_score([(0.9, None)]) is None
    with pytest.raises(ValueError, match=r"chance 1\.0"):
        centre_score(0.5, 1.0)

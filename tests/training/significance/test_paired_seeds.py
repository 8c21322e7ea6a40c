"""Two recipes by one figure a run, paired by their seeds."""

from __future__ import annotations

import numpy as np
import pytest

from training.significance.paired_seeds import compare_paired


def test_what_seeds_have_in_common_does_not_hide_a_difference() -> None:
    noise = np.random.RandomState(0).normal(0, 1, size=5)
    found = compare_paired(5 + noise, 4.9 + noise + np.array([0.01, -0.01, 0.0, 0.01, -0.01]))
    assert found.value == pytest.approx(-0.1)
    assert found.high < 0 and found.p < 0.001


def test_recipes_that_are_alike_differ_five_times_in_a_hundred() -> None:
    random = np.random.RandomState(1)
    found = [compare_paired(random.normal(size=3), random.normal(size=3)) for _ in range(1000)]
    assert 0.03 < np.mean([one.p <= 0.05 for one in found]) < 0.07
    assert 0.93 < np.mean([one.low <= 0 <= one.high for one in found]) < 0.97


def test_one_seed_says_nothing_of_others() -> None:
    assert compare_paired([5.0], [4.0]).p == 1.0


def test_every_seed_needs_both_sides() -> None:
    with pytest.raises(ValueError, match="2 and 1 figures"):
        compare_paired([1.0, 2.0], [1.0])

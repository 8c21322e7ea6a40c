"""Banding: the bands for a threshold miss next to nothing at it, and ask for as much agreement as that allows."""

from __future__ import annotations

import numpy as np
import pytest

from corpus.banding import MISSED, DuplicateConfig, best_bands, nominated


@pytest.mark.parametrize("threshold", [*np.arange(0.3, 1.0, 0.05).round(2), 0.99, 1.0])
def test_a_pair_at_the_threshold_is_missed_once_in_100_000(threshold: float) -> None:
    config = DuplicateConfig(threshold=float(threshold))
    signing, agreeing = config.signing(), config.agreeing()
    assert signing.bands * signing.rows <= config.permutations
    assert 1 - nominated(config.threshold, signing.bands, signing.rows, agreeing) <= MISSED == 1e-5
    more = agreeing + 1
    assert more > signing.bands or 1 - nominated(config.threshold, signing.bands, signing.rows, more) > MISSED


def test_the_bands_of_the_default() -> None:
    """FIELD_NOTES of everyone: 14 x 8 of 128 turns over at .72 and misses two pairs of a hundred at .8."""
    config = DuplicateConfig()
    assert (config.signing().bands, config.signing().rows, config.agreeing()) == (28, 4, 2)
    assert 1 - nominated(0.8, 14, 8, 1) > 0.05
    assert nominated(0.4, 28, 4, 2) < 0.17, "not everything is a candidate"


def test_where_the_permutations_allow_no_such_choice_there_are_as_many_bands_as_can_be() -> None:
    assert best_bands(0.05, 128) == (128, 1)
    assert DuplicateConfig(threshold=0.05).agreeing() == 1


@pytest.mark.parametrize("agreeing", [1, 2, 5])
def test_the_s_curve_is_that_of_the_binomial(agreeing: int) -> None:
    """By simulation: bands of rows that agree with a probability of the similarity each."""
    random = np.random.RandomState(agreeing)
    for similarity in (0.3, 0.5, 0.7, 0.9):
        rows = random.random_sample((4_000, 10, 3)) < similarity
        hits = (rows.all(axis=2).sum(axis=1) >= agreeing).mean()
        wanted = nominated(similarity, 10, 3, agreeing)
        assert abs(hits - wanted) <= 4 * (wanted * (1 - wanted) / 4_000) ** 0.5 + 1e-3


@pytest.mark.parametrize("threshold", [0.0, -0.5, 1.0001, float("nan")])
def test_a_threshold_that_is_none(threshold: float) -> None:
    with pytest.raises(ValueError, match=f"threshold {threshold}: a similarity above 0 and at most 1"):
        DuplicateConfig(threshold=threshold)


@pytest.mark.parametrize("wrong", [{"permutations": 0}, {"shingle_words": 0}])
def test_a_number_that_is_none(wrong: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="at least 1 each"):
        DuplicateConfig(**wrong)  # type: ignore[arg-type]

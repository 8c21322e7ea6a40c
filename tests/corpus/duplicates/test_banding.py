"""Banding: the bands for a threshold miss next to nothing at it, and ask for as much agreement as that allows."""

from __future__ import annotations

import numpy as np
import pytest

from corpus.duplicates.banding import MISSED, DuplicateConfig, candidate_probability, choose_bands


@pytest.mark.parametrize("threshold", [*np.arange(0.45, 1.0, 0.05).round(2), 0.99, 1.0])
def test_a_pair_at_the_threshold_is_missed_once_in_100_000(threshold: float) -> None:
    config = DuplicateConfig(threshold=float(threshold))
    signing, agreeing = config.signing(), config.min_shared_bands()
    assert signing.bands * signing.rows <= config.permutations
    assert 1 - candidate_probability(config.threshold, signing.bands, signing.rows, agreeing) <= MISSED == 1e-5
    more = agreeing + 1
    assert (
        more > signing.bands or 1 - candidate_probability(config.threshold, signing.bands, signing.rows, more) > MISSED
    )


def test_the_bands_of_the_default() -> None:
    """14 bands of 8 rows, which others use, turn over at 0.72 and miss one pair of thirteen at 0.8."""
    config = DuplicateConfig()
    assert (config.signing().bands, config.signing().rows, config.min_shared_bands()) == (28, 4, 2)
    assert 1 - candidate_probability(0.8, 14, 8, 1) > 0.05
    assert candidate_probability(0.4, 28, 4, 2) < 0.17, "not everything is a candidate"


def test_where_the_permutations_allow_no_such_choice_there_are_as_many_bands_of_two_as_can_be() -> None:
    assert choose_bands(0.3, 128) == (64, 2)
    assert DuplicateConfig(threshold=0.3).min_shared_bands() == 1
    assert candidate_probability(0.3, 64, 2, 1) > 0.997


def test_contained_texts_half_as_long_are_candidates() -> None:
    """All of a text of 50 shingles in one of 100: a Jaccard similarity of 1/2."""
    assert DuplicateConfig(measure="containment", threshold=1.0).candidate_similarity() == 0.5
    config = DuplicateConfig(measure="containment")
    assert config.candidate_similarity() == pytest.approx(40 / 110)
    assert (
        candidate_probability(
            config.candidate_similarity(), config.signing().bands, config.signing().rows, config.min_shared_bands()
        )
        > 0.999
    )


@pytest.mark.parametrize("agreeing", [1, 2, 5])
def test_the_s_curve_is_that_of_the_binomial(agreeing: int) -> None:
    """By simulation: bands of rows that agree with a probability of the similarity each."""
    random = np.random.RandomState(agreeing)
    for similarity in (0.3, 0.5, 0.7, 0.9):
        rows = random.random_sample((4_000, 10, 3)) < similarity
        hits = (rows.all(axis=2).sum(axis=1) >= agreeing).mean()
        wanted = candidate_probability(similarity, 10, 3, agreeing)
        assert abs(hits - wanted) <= 4 * (wanted * (1 - wanted) / 4_000) ** 0.5 + 1e-3


@pytest.mark.parametrize("threshold", [0.0, -0.5, 1.0001, float("nan")])
def test_a_threshold_that_is_none(threshold: float) -> None:
    with pytest.raises(ValueError, match=f"threshold {threshold}: a similarity above 0 and at most 1"):
        DuplicateConfig(threshold=threshold)


@pytest.mark.parametrize("wrong", [{"permutations": 8}, {"shingle_words": 0}])
def test_a_number_that_is_none(wrong: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="at least 16 and 1 are needed"):
        DuplicateConfig(**wrong)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"same_url": "lates"}, "same_url 'lates' is unknown; choose one of keep, first, latest"),
        ({"measure": "cosine"}, "measure 'cosine' is unknown; choose one of jaccard, containment"),
        ({"scope": "all"}, "scope 'all' is unknown; choose one of together, apart"),
    ],
)
def test_a_word_that_is_none(wrong: dict[str, str], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        DuplicateConfig(**wrong)  # type: ignore[arg-type]

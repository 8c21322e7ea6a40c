"""Centred: a score as a share of the way from guessing to perfect, so that tasks of two and four choices add up."""

from __future__ import annotations

from collections.abc import Iterable


def centre_score(value: float, chance: float) -> float:
    """0 for guessing, 1 for all right, below 0 for worse than guessing (Li et al. 2024, DCLM, arXiv:2406.11794)."""
    if not 0 <= chance < 1:
        raise ValueError(f"chance {chance}: what guessing gets right is at least 0 and below 1")
    return (value - chance) / (1 - chance)


def mean_centred_score(scores: Iterable[tuple[float, float | None]]) -> float | None:
    """The mean over tasks of centred (value, chance), each task alike (DCLM's CORE, over the tasks at hand).

    Tasks without a chance (bits per byte) are left out; None where none is left.
    """
    found = [centre_score(value, chance) for value, chance in scores if chance is not None]
    return sum(found) / len(found) if found else None

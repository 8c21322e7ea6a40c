"""Removals: steps that each saw what the one before had left make one account, in which every keeper stays."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from corpus.duplicates.removals import REASONS, CombinedRemovals, Removals, combine_steps, no_removals


def removals(*rows: tuple[int, int, float]) -> Removals:
    """Of (document, keeper, similarity), rising in the first."""
    documents, keepers, similarities = zip(*rows, strict=True) if rows else ((), (), ())
    return Removals(
        documents=np.array(documents, np.uint64),
        keepers=np.array(keepers, np.uint64),
        similarities=np.array(similarities, float),
    )


def rows(found: CombinedRemovals) -> list[tuple[int, int, str, float | None]]:
    reasons = [REASONS[reason] for reason in found.reasons]
    values = [None if np.isnan(value) else value for value in found.similarities.tolist()]
    return list(zip(found.documents.tolist(), found.keepers.tolist(), reasons, values, strict=True))


def test_steps_that_do_not_meet_are_put_together_in_the_keepers_order() -> None:
    found = combine_steps(removals((5, 0, np.nan)), removals((2, 1, 1.0)), removals((4, 3, 0.9)))
    assert rows(found) == [
        (2, 1, "exact_duplicate", 1.0),
        (4, 3, "near_duplicate", 0.9),
        (5, 0, "same_url", None),
    ]


def test_an_exact_copy_of_a_near_duplicate_goes_for_the_one_that_stays() -> None:
    """It is just as similar to that one as the document that it equals."""
    found = combine_steps(no_removals(), removals((3, 2, 1.0), (4, 1, 1.0)), removals((2, 0, 0.85)))
    assert rows(found) == [
        (2, 0, "near_duplicate", 0.85),
        (3, 0, "near_duplicate", 0.85),
        (4, 1, "exact_duplicate", 1.0),
    ]


def test_what_went_for_its_url_is_handed_on_through_both_steps() -> None:
    found = combine_steps(
        removals((7, 6, np.nan), (8, 5, np.nan)), removals((6, 4, 1.0)), removals((4, 0, 0.8), (5, 1, 0.95))
    )
    assert rows(found) == [
        (4, 0, "near_duplicate", 0.8),
        (5, 1, "near_duplicate", 0.95),
        (6, 0, "near_duplicate", 0.8),
        (7, 0, "same_url", None),
        (8, 1, "same_url", None),
    ]


def test_nothing_removed_is_nothing() -> None:
    assert rows(combine_steps(no_removals(), no_removals(), no_removals())) == []


@settings(max_examples=200, deadline=None)
@given(st.integers(1, 30), st.data())
def test_every_keeper_stays_and_each_document_goes_once(size: int, data: st.DataObject) -> None:
    left = list(range(size))
    steps: list[Any] = []
    for value in (np.nan, 1.0, 0.9):
        keepers = sorted(data.draw(st.sets(st.sampled_from(left), min_size=1)))
        gone = [(document, data.draw(st.sampled_from(keepers)), value) for document in left if document not in keepers]
        steps.append(removals(*gone))
        left = keepers
    found = combine_steps(*steps)
    assert sorted([*found.documents.tolist(), *left]) == list(range(size))
    assert (np.diff(found.documents.astype(int)) > 0).all()
    assert set(found.keepers.tolist()) <= set(left)

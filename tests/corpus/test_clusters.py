"""Clusters: a document goes only for one that stays and that it measurably resembles."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from corpus.clusters import Removal, exact_duplicates, near_duplicates

Sets = list[frozenset[int]]


def arrays(sets: Sequence[frozenset[int]]) -> list[np.ndarray]:
    return [np.array(sorted(values), dtype=np.uint64) for values in sets]


def pairs(removals: Sequence[Removal]) -> list[tuple[int, int]]:
    return [(removal.document, removal.keeper) for removal in removals]


def similarity(left: frozenset[int], right: frozenset[int]) -> float:
    return len(left & right) / len(left | right)


def greedy(sets: Sets, threshold: float, nominated: set[tuple[int, int]]) -> list[tuple[int, int]]:
    """All pairs compared, in the keeper's order: what near_duplicates must find."""
    staying: list[int] = []
    removed = []
    for rank in range(len(sets)):
        for keeper in staying:
            if (keeper, rank) in nominated and similarity(sets[keeper], sets[rank]) >= threshold:
                removed.append((rank, keeper))
                break
        else:
            staying.append(rank)
    return removed


def test_a_chain_keeps_the_end_that_resembles_no_keeper() -> None:
    """A ~ B ~ C with A and C apart: B goes for A; C stays, for the document that it resembles is gone."""
    a, b, c = frozenset(range(10)), frozenset(range(1, 11)), frozenset(range(2, 12))
    assert similarity(a, b) > 0.8 and similarity(b, c) > 0.8 > similarity(a, c)
    shingled = arrays([a, b, c])
    removals = near_duplicates([[0, 1, 2]], shingled.__getitem__, 0.8)
    assert removals == [Removal(document=1, keeper=0, measure="jaccard", similarity=9 / 11)]


def test_a_long_chain_does_not_collapse() -> None:
    chain = arrays([frozenset(range(start, start + 10)) for start in range(100)])
    removals = near_duplicates([list(range(100))], chain.__getitem__, 0.8)
    assert pairs(removals) == [(rank, rank - 1) for rank in range(1, 100, 2)]


def test_what_is_not_nominated_is_not_compared() -> None:
    same = arrays([frozenset(range(10))] * 3)
    assert pairs(near_duplicates([[0, 1]], same.__getitem__, 0.8)) == [(1, 0)]
    assert near_duplicates([[0], [1], [2]], same.__getitem__, 0.8) == []
    assert near_duplicates([], same.__getitem__, 0.8) == []


def test_the_threshold_itself_removes() -> None:
    sets = arrays([frozenset(range(9)), frozenset(range(1, 10))])
    assert pairs(near_duplicates([[0, 1]], sets.__getitem__, 0.8)) == [(1, 0)]
    assert near_duplicates([[0, 1]], sets.__getitem__, 0.8 + 1e-9) == []


SETS = st.lists(st.frozensets(st.integers(0, 7), min_size=1), min_size=1, max_size=14)


@settings(max_examples=200, deadline=None)
@given(SETS, st.data())
def test_the_result_is_greedy_over_the_nominated_pairs_in_any_order_of_groups(sets: Sets, data: st.DataObject) -> None:
    ranks = st.lists(st.integers(0, len(sets) - 1), min_size=1, max_size=len(sets))
    groups = data.draw(st.lists(ranks, max_size=6))
    nominated = {(left, right) for group in groups for left in group for right in group if left < right}
    shingled = arrays(sets)
    removals = near_duplicates(groups, shingled.__getitem__, 0.6)
    assert pairs(removals) == greedy(sets, 0.6, nominated)

    shuffled = [data.draw(st.permutations(group)) for group in data.draw(st.permutations(groups))]
    assert near_duplicates(shuffled, shingled.__getitem__, 0.6) == removals

    gone = {removal.document for removal in removals}
    for removal in removals:
        assert removal.keeper not in gone and removal.keeper < removal.document
        assert removal.similarity == similarity(sets[removal.document], sets[removal.keeper]) >= 0.6


@settings(max_examples=100, deadline=None)
@given(SETS)
def test_when_all_pairs_are_nominated_no_two_that_stay_are_alike(sets: Sets) -> None:
    removals = near_duplicates([range(len(sets))], arrays(sets).__getitem__, 0.6)
    gone = {removal.document for removal in removals}
    staying = [values for rank, values in enumerate(sets) if rank not in gone]
    assert all(similarity(left, right) < 0.6 for n, left in enumerate(staying) for right in staying[:n])


def test_of_equal_texts_the_first_stays() -> None:
    removals = exact_duplicates([b"a", b"b", b"a", b"c", b"b", b"a"])
    assert pairs(removals) == [(2, 0), (4, 1), (5, 0)]
    assert all((removal.measure, removal.similarity) == ("exact_text", 1.0) for removal in removals)
    assert exact_duplicates([]) == []


def test_a_large_group_of_equal_documents_is_compared_with_its_keeper_alone() -> None:
    compared = 0
    same = np.arange(10, dtype=np.uint64)

    def counted(_rank: int) -> np.ndarray:
        nonlocal compared
        compared += 1
        return same

    assert len(near_duplicates([range(5_000)], counted, 0.8)) == 4_999
    assert compared <= 2 * 5_000

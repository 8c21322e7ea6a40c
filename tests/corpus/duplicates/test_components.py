"""Positions and components: what one bit a document says, and what may decide about what."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from corpus.duplicates.components import Components
from corpus.duplicates.groups import Groups
from corpus.duplicates.keeper import LONGEST, crawls_of, document_numbers, first_number, positions_of
from corpus.duplicates.positions import PlacesInSet, PositionSet

SIZE = 200


@settings(deadline=None)  # the first one compiles
@given(st.sets(st.integers(0, SIZE - 1)))
def test_a_set_of_positions(positions: set[int]) -> None:
    found = PositionSet(SIZE)
    for position in positions:
        found.add(np.array([position, position]))
    everything = np.arange(SIZE)
    assert len(found) == len(positions) and found.sorted().tolist() == sorted(positions)
    assert found.holds(everything).tolist() == [position in positions for position in everything]
    assert PlacesInSet(found).places(found.sorted().astype(np.int64)).tolist() == list(range(len(positions)))


@settings(deadline=None)
@given(
    st.integers(6, 40).flatmap(
        lambda count: st.tuples(
            st.just(count),
            st.lists(st.lists(st.integers(0, count - 1), min_size=2, max_size=6, unique=True), max_size=30),
            st.integers(1, 9),
        )
    )
)
def test_bins_hold_whole_components_and_no_more_than_they_must(case: tuple[int, list[list[int]], int]) -> None:
    count, groups, bins = case
    components = Components(count)
    for part in (groups[::2], groups[1::2]):
        starts = np.cumsum([0, *map(len, part)])
        members = np.array([member for group in part for member in group], np.uint64)
        components.connect(Groups(members=members, starts=starts, weights=np.ones(len(part), np.uint16)))
    found = components.bins(bins).tolist()

    connected = [{document} for document in range(count)]
    for group in groups:
        together = set[int]().union(*(connected[member] for member in group))
        for member in together:
            connected[member] = together
    for document in range(count):
        assert len({found[other] for other in connected[document]}) == 1
    assert max(found) < bins
    wanted = -(-count // bins)
    largest = max(map(len, connected))
    assert all(found.count(number) < wanted + largest for number in range(bins))


def test_numbers_rise_in_the_order_in_which_documents_are_kept() -> None:
    """An earlier crawl, then the longer text, then the position: up to the last bit of each."""
    characters = np.array([10**7, LONGEST + 1, LONGEST, LONGEST - 1, 5, 5, 0])
    positions = np.array([0, 3, 2**32 - 1, 1, 0, 4, 2])
    crawls = (0, 1, 4095)
    numbers = [document_numbers(crawl, characters, positions) for crawl in crawls]
    together = np.concatenate(numbers).tolist()
    assert together == sorted(together) and len(set(together)) == len(together)
    for crawl, found in zip(crawls, numbers, strict=True):
        assert (crawls_of(found) == crawl).all() and positions_of(found).tolist() == positions.tolist()
        assert first_number(crawl) <= found.min()

"""Clusters: a document goes only for one that stays and that it measurably resembles."""

from __future__ import annotations

import time
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from corpus.duplicates.clusters import ShingleSets, _looks, find_exact_duplicates, find_near_duplicates
from corpus.duplicates.groups import Groups, combine_groups, group_by_key, mark_shared
from corpus.duplicates.removals import Removals
from corpus.duplicates.shingles import count_common_or_stop

Values = frozenset[int]
Bands = Sequence[Sequence[int]]  # the key of each document in each band


def arrays(sets: Sequence[Values], documents: Sequence[int]) -> ShingleSets:
    chosen = [sorted(sets[document]) for document in documents]
    edges = np.cumsum([0, *map(len, chosen)])
    values = np.array([value for one in chosen for value in one], np.uint64)
    return ShingleSets(values=values, starts=edges[:-1], stops=edges[1:])


def grouped(bands: Bands, documents: Sequence[int] | None = None) -> Groups:
    size = len(bands[0]) if bands else 0
    chosen = np.array(documents if documents is not None else range(size), np.uint64)
    return combine_groups(group_by_key(np.array(keys, np.uint64)[chosen.astype(int)], chosen) for keys in bands)


def near(sets: Sequence[Values], bands: Bands, threshold: float, **options: int | bool) -> Removals:
    groups = grouped(bands)
    documents = np.unique(groups.members)
    return find_near_duplicates(groups, documents, arrays(sets, documents.tolist()), threshold=threshold, **options)


def pairs(removals: Removals) -> list[tuple[int, int]]:
    return list(zip(removals.documents.tolist(), removals.keepers.tolist(), strict=True))


def similarity(one: Values, stays: Values, containment: bool = False) -> float:
    return len(one & stays) / len(one if containment else one | stays)


def greedy(
    sets: Sequence[Values], bands: Bands, threshold: float, agreeing: int, containment: bool, staying: int
) -> list[tuple[int, int]]:
    """All pairs compared, in the keeper's order: what near_duplicates must find."""
    left: list[int] = []
    removed = []
    for document in range(len(sets)):
        for keeper in left if document >= staying else []:
            bands_shared = sum(keys[document] == keys[keeper] for keys in bands)
            if bands_shared >= agreeing and similarity(sets[document], sets[keeper], containment) >= threshold:
                removed.append((document, keeper))
                break
        else:
            left.append(document)
    return removed


def test_a_chain_keeps_the_end_that_resembles_no_keeper() -> None:
    """A ~ B ~ C with A and C apart: B goes for A; C stays, for the document that it resembles is gone."""
    a, b, c = frozenset(range(10)), frozenset(range(1, 11)), frozenset(range(2, 12))
    assert similarity(a, b) > 0.8 and similarity(b, c) > 0.8 > similarity(a, c)
    removals = near([a, b, c], [[1, 1, 1]], 0.8)
    assert pairs(removals) == [(1, 0)] and removals.similarities.tolist() == [9 / 11]


def test_a_long_chain_does_not_collapse() -> None:
    chain = [frozenset(range(start, start + 10)) for start in range(100)]
    assert pairs(near(chain, [[1] * 100], 0.8)) == [(document, document - 1) for document in range(1, 100, 2)]


def test_what_is_not_nominated_is_not_compared() -> None:
    same = [frozenset(range(10))] * 3
    assert pairs(near(same, [[1, 1, 2]], 0.8)) == [(1, 0)]
    assert pairs(near(same, [[1, 2, 3]], 0.8)) == []
    assert pairs(near(same, [], 0.8)) == []
    assert pairs(near(same, [[1, 1, 1], [1, 2, 1]], 0.8, agreeing=2)) == [(2, 0)]


@pytest.mark.parametrize("shingles", range(1, 60))
def test_the_threshold_itself_removes(shingles: int) -> None:
    """Whatever fraction it is: 7 of 25 is not less than 0.28, though 0.28 * 25 is more than 7."""
    whole = frozenset(range(60))
    part = frozenset(range(shingles))
    for measure, wanted in ((False, shingles / 60), (True, 1.0)):
        assert pairs(near([whole, part], [[1, 1]], wanted, containment=measure)) == [(1, 0)]
    assert pairs(near([whole, part], [[1, 1]], np.nextafter(shingles / 60, 2))) == []


def test_containment_is_of_the_document_in_the_one_that_stays() -> None:
    whole, part = frozenset(range(20)), frozenset(range(5))
    assert pairs(near([whole, part], [[1, 1]], 0.9, containment=True)) == [(1, 0)]
    assert pairs(near([part, whole], [[1, 1]], 0.9, containment=True)) == []


SETS = st.lists(st.frozensets(st.integers(0, 7), min_size=1), min_size=1, max_size=14)


@settings(max_examples=300, deadline=None)
@given(SETS, st.data())
def test_the_result_is_greedy_over_the_nominated_pairs(sets: list[Values], data: st.DataObject) -> None:
    keys = st.lists(st.integers(0, 3), min_size=len(sets), max_size=len(sets))
    bands = data.draw(st.lists(keys, min_size=1, max_size=5))
    threshold = data.draw(st.sampled_from([0.3, 0.5, 0.6, 2 / 3, 1.0]))
    agreeing, containment = data.draw(st.integers(1, 3)), data.draw(st.booleans())
    staying = data.draw(st.integers(0, len(sets)))

    def removed(groups: Groups) -> Removals:
        documents = np.unique(groups.members)
        return find_near_duplicates(
            groups,
            documents,
            arrays(sets, documents.tolist()),
            threshold=threshold,
            agreeing=agreeing,
            containment=containment,
            staying=int(np.searchsorted(documents, staying)),
        )

    removals = removed(grouped(bands))
    assert pairs(removals) == greedy(sets, bands, threshold, agreeing, containment, staying)
    gone = set(removals.documents.tolist())
    assert not gone & set(range(staying)), "what stayed before stays"
    for (document, keeper), value in zip(pairs(removals), removals.similarities.tolist(), strict=True):
        assert keeper not in gone and keeper < document
        assert value == similarity(sets[document], sets[keeper], containment) >= threshold
    again = removed(grouped(data.draw(st.permutations(bands))))
    assert pairs(again) == pairs(removals), "in whatever order the bands come"


@settings(max_examples=100, deadline=None)
@given(SETS)
def test_when_all_pairs_are_nominated_no_two_that_stay_are_alike(sets: list[Values]) -> None:
    gone = set(near(sets, [[1] * len(sets)], 0.6).documents.tolist())
    staying = [values for document, values in enumerate(sets) if document not in gone]
    assert all(similarity(left, right) < 0.6 for n, left in enumerate(staying) for right in staying[:n])


@settings(max_examples=200, deadline=None)
@given(st.lists(st.lists(st.integers(0, 3), min_size=8, max_size=8), max_size=6))
@example([[1, 1, 2, 2, 3, 3, 3, 0]] * 3)
def test_groups_weigh_as_many_bands_as_have_just_their_documents(bands: list[list[int]]) -> None:
    found = grouped(bands, range(8))
    wanted: dict[tuple[int, ...], int] = {}
    for keys in bands:
        for key in set(keys):
            members = tuple(document for document in range(8) if keys[document] == key)
            if len(members) > 1:
                wanted[members] = wanted.get(members, 0) + 1
    members = [tuple(found.members[start:stop].tolist()) for start, stop in pairwise(found.starts.tolist())]
    assert dict(zip(members, found.weights.tolist(), strict=True)) == wanted
    assert len(members) == len(wanted)


def test_shared_keys_are_those_that_both_have() -> None:
    keys, others = np.array([1, 3, 3, 5, 9], np.uint64), np.array([0, 3, 4, 9, 9], np.uint64)
    assert mark_shared(keys, others).tolist() == [False, True, True, False, True]
    assert mark_shared(keys, others[:0]).tolist() == [False] * 5 and mark_shared(keys[:0], others).tolist() == []


def test_of_equal_texts_the_first_stays() -> None:
    digests = np.array([[1, 1], [1, 2], [1, 1], [2, 1], [1, 2], [1, 1]], np.uint64)
    removals = find_exact_duplicates(digests, np.arange(10, 70, 10, dtype=np.uint64))
    assert pairs(removals) == [(30, 10), (50, 20), (60, 10)]
    assert removals.similarities.tolist() == [1.0] * 3
    assert pairs(find_exact_duplicates(digests[:0], np.empty(0, np.uint64))) == []


def test_a_bucket_of_100_000_copies_costs_a_comparison_each() -> None:
    """Copies of ten documents that differ, in one bucket and in many: seconds, not hours."""
    count = 100_000
    originals = [np.arange(start * 1_000, start * 1_000 + 200, dtype=np.uint64) for start in range(10)]
    values = np.concatenate(originals)
    own = np.arange(count) % 10
    sets = ShingleSets(values=values, starts=own * 200, stops=own * 200 + 200)
    documents = np.arange(count, dtype=np.uint64)
    groups = combine_groups(
        group_by_key(keys, documents) for keys in (np.zeros(count, np.uint64), *[own.astype(np.uint64)] * 27)
    )
    assert sorted(groups.weights.tolist()) == [1] + [27] * 10, "equal groups are held once"
    find_near_duplicates(
        grouped([[1, 1]]), documents[:2], arrays([frozenset([1])] * 2, [0, 1]), threshold=0.8
    )  # compiled
    start = time.monotonic()
    removals = find_near_duplicates(groups, documents, sets, threshold=0.8, agreeing=2)
    assert time.monotonic() - start < 5
    assert len(removals) == count - 10 and (removals.keepers == removals.documents % 10).all()


def hashed(similarity: float, size: int, random: np.random.RandomState) -> tuple[np.ndarray, np.ndarray]:
    """Two sorted sets of about `size` hashes with this Jaccard similarity."""
    both = round(2 * size * similarity / (1 + similarity))
    values = random.randint(0, 2**63, 2 * size - both).astype(np.uint64)
    return np.sort(values[:size]), np.sort(values[size - both :])


def test_a_look_at_the_least_shingles_tells_what_is_not_similar_and_passes_what_is() -> None:
    random, looks = np.random.RandomState(8), _looks(0.8)
    for _ in range(1_000):
        left, right = hashed(0.8, random.randint(5, 1_500), random)
        assert count_common_or_stop(left, right, looks) == len(np.intersect1d(left, right))
    few = [count_common_or_stop(*hashed(0.5, 1_000, random), looks) for _ in range(200)]
    assert few.count(-1) == 200


def test_pages_of_one_template_that_all_stay() -> None:
    """Each is a candidate for all others, at a similarity of a half: at 0.8 none goes, at 0.5 all but one."""
    random = np.random.RandomState(9)
    template = random.randint(0, 2**63, 2_000).astype(np.uint64)
    own = random.randint(0, 2**63, (600, 1_000)).astype(np.uint64)
    pages = [np.sort(np.concatenate((template, mine))) for mine in own]
    offsets = np.cumsum([0, *map(len, pages)])
    sets = ShingleSets(values=np.concatenate(pages), starts=offsets[:-1], stops=offsets[1:])
    documents = np.arange(600, dtype=np.uint64)
    groups = group_by_key(np.zeros(600, np.uint64), documents)
    assert not len(find_near_duplicates(groups, documents, sets, threshold=0.8))
    assert len(find_near_duplicates(groups, documents, sets, threshold=0.5)) == 599

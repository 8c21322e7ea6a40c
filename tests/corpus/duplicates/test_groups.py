"""Groups: what shares a key, however the keys are built, and however their bands are dealt out."""

from __future__ import annotations

from collections import Counter, defaultdict

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from corpus.duplicates.clusters import find_exact_duplicates
from corpus.duplicates.groups import Groups, combine_groups, group_by_key, sort_order

Found = Counter[tuple[int, ...]]
# Keys that differ in their last bits alone, as hardly two of a hash do, in their first bits, and in all.
KEYS = st.sampled_from([*range(3), *(2**63 + last for last in range(3)), *(2**64 // first for first in range(3, 7))])
BANDS = st.lists(st.lists(KEYS, min_size=12, max_size=12), max_size=6)


def as_sets(groups: Groups) -> Found:
    """How often each group counts."""
    found: Found = Counter()
    for number, weight in enumerate(groups.weights.tolist()):
        found[tuple(groups.members[groups.starts[number] : groups.starts[number + 1]].tolist())] += weight
    assert len(found) == len(groups)
    return found


def by_hand(keys: list[int], documents: list[int]) -> Found:
    members = defaultdict(list)
    for key, document in zip(keys, documents, strict=True):
        members[key].append(document)
    return Counter(tuple(group) for group in members.values() if len(group) > 1)


def joined(parts: list[Groups]) -> Groups:
    sizes = [np.zeros(1, np.int64), *(np.diff(part.starts) for part in parts)]
    return Groups(
        members=np.concatenate([np.empty(0, np.uint64), *(part.members for part in parts)]),
        starts=np.cumsum(np.concatenate(sizes)),
        weights=np.concatenate([np.empty(0, np.uint16), *(part.weights for part in parts)]),
    )


@settings(deadline=None)  # the first one compiles
@given(BANDS, st.integers(0, 6))
def test_groups_are_those_of_equal_keys_and_equal_ones_count_once_a_band(bands: list[list[int]], cut: int) -> None:
    documents = [document * 2**31 for document in range(12)]
    numbers = np.array(documents, np.uint64)
    grouped = [group_by_key(np.array(keys, np.uint64), numbers) for keys in bands]
    wanted = [by_hand(keys, documents) for keys in bands]
    assert [as_sets(groups) for groups in grouped] == wanted
    everything: Found = sum(wanted, Counter())
    for parts in (grouped, [joined(grouped[:cut]), joined(grouped[cut:])]):
        found = combine_groups(parts)
        assert as_sets(found) == everything
        assert found.documents().tolist() == sorted({document for members in everything for document in members})


@settings(deadline=None)
@given(st.lists(st.tuples(st.sampled_from([0, 1, 2**63]), st.sampled_from([0, 1, 2**63])), max_size=12))
def test_a_digest_is_equal_when_both_of_its_halves_are(digests: list[tuple[int, int]]) -> None:
    documents = np.arange(len(digests), dtype=np.uint64) * np.uint64(2**31)
    found = find_exact_duplicates(np.array(digests, np.uint64).reshape(-1, 2), documents)
    wanted = [(place, digests.index(digest)) for place, digest in enumerate(digests) if digests.index(digest) < place]
    assert found.documents.tolist() == [place * 2**31 for place, _ in wanted]
    assert found.keepers.tolist() == [keeper * 2**31 for _, keeper in wanted]


@settings(max_examples=100, deadline=None)
@given(st.lists(KEYS, max_size=30))
def test_keys_in_order_are_those_of_a_stable_sort(keys: list[int]) -> None:
    array = np.array(keys, np.uint64)
    assert sort_order(array).tolist() == np.argsort(array, kind="stable").tolist()

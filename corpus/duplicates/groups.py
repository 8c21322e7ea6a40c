"""Groups: keys of documents -> documents that share one, on arrays.

All of it is sorting and one pass over what is sorted, for ten million documents too: to look things up at random costs
more than to put them in order. A document is a number that rises in the keeper's order, uint64.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from corpus.text.compiled import SEED, kernel, mix_hash


@dataclass(frozen=True, kw_only=True)
class Groups:
    """Group g has the documents `members[starts[g]:starts[g + 1]]`, two or more, rising. `members` (M,) uint64,
    `starts` (G + 1,) int64. `weights` (G,) uint16: in how many bands just these documents share a key."""

    members: np.ndarray
    starts: np.ndarray
    weights: np.ndarray

    def __len__(self) -> int:
        return len(self.weights)

    def documents(self) -> np.ndarray:
        """Those of all groups, rising. (`np.unique` takes thirty times as long for ten million.)"""
        found = np.sort(self.members)
        return found[np.concatenate(([True], found[1:] != found[:-1]))[: len(found)]]


def sort_order(keys: np.ndarray) -> np.ndarray:
    """The positions of keys (P,) uint64 as they rise: a stable argsort."""
    packed, width = _packed(keys)
    return _order(packed, width, keys)


def _packed(keys: np.ndarray) -> tuple[np.ndarray, np.uint64]:
    """A key's first bits and its position in one number, and how many bits the position takes: to sort those takes a
    tenth of the time of a stable argsort. Keys that begin alike, as some do from a million on, are told apart later."""
    width = np.uint64(len(keys).bit_length())
    packed = keys >> width
    packed <<= width
    packed |= np.arange(len(keys), dtype=np.uint64)
    packed.sort()
    return packed, width


def group_by_key(keys: np.ndarray, documents: np.ndarray) -> Groups:
    """The groups of (key, document) pairs, both (P,) uint64, each pair once, sorted by document. A key that only one
    document has makes none."""
    packed, width = _packed(keys)
    positions, sizes = _runs(packed, width)
    positions, sizes = _equal(positions, sizes, keys[positions])
    return Groups(
        members=documents[positions],
        starts=np.concatenate(([0], np.cumsum(sizes))).astype(np.int64),
        weights=np.ones(len(sizes), np.uint16),
    )


def combine_groups(parts: Iterable[Groups]) -> Groups:
    """The groups of all bands, equal ones as one whose weight is their number: copies share nearly every band. A part
    may hold the groups of several bands."""
    members, sizes = [np.empty(0, np.uint64)], [np.empty(0, np.int64)]
    seen, numbers, weights = np.empty(0, np.uint64), np.empty(0, np.uint32), np.empty(0, np.uint16)
    for part in parts:
        found = np.empty(len(part), np.uint64)
        _hash_groups(part.members, part.starts, found)
        order = np.argsort(found)
        times = np.zeros(len(part), np.uint16)
        _count_equal(seen, numbers, weights, found[order], order, times)
        new = times > 0
        counts = np.diff(part.starts)
        members.append(part.members[np.repeat(new, counts)])
        sizes.append(counts[new])
        positions = np.cumsum(new, dtype=np.uint32) + np.uint32(len(weights)) - np.uint32(1)
        chosen = order[new[order]]
        seen, numbers = _merged(seen, numbers, found[chosen], positions[chosen])
        weights = np.concatenate((weights, times[new]))
    return Groups(
        members=np.concatenate(members),
        starts=np.concatenate(([0], np.cumsum(np.concatenate(sizes)))).astype(np.int64),
        weights=weights,
    )


@kernel
def mark_shared(keys, others):
    """Which of some sorted keys are among others, sorted too: a Boolean mask."""
    found = np.zeros(len(keys), np.bool_)
    there = 0
    for here in range(len(keys)):
        while there < len(others) and others[there] < keys[here]:
            there += 1
        found[here] = there < len(others) and others[there] == keys[here]
    return found


@kernel
def _order(packed, width, keys):
    """The last `width` bits of sorted numbers; where several have the same bits before, as their keys rise."""
    mask = (np.uint64(1) << width) - np.uint64(1)
    order = (packed & mask).astype(np.int64)
    start = 0
    for stop in range(1, len(packed) + 1):
        if stop < len(packed) and packed[stop] >> width == packed[start] >> width:
            continue
        for position in range(start + 1, stop):
            if keys[order[position]] < keys[order[position - 1]]:
                order[start:stop] = order[start:stop][np.argsort(keys[order[start:stop]], kind="mergesort")]
                break
        start = stop
    return order


@kernel
def _runs(packed, width):
    """The last `width` bits of sorted numbers, run by run of those with the same bits before, and how many each run
    has, two or more."""
    positions, sizes = np.empty(len(packed), np.int64), np.empty(len(packed) // 2, np.int64)
    mask = (np.uint64(1) << width) - np.uint64(1)
    count = runs = start = 0
    for stop in range(1, len(packed) + 1):
        if stop < len(packed) and packed[stop] >> width == packed[start] >> width:
            continue
        if stop - start > 1:
            for position in range(start, stop):
                positions[count] = packed[position] & mask
                count += 1
            sizes[runs] = stop - start
            runs += 1
        start = stop
    return positions[:count].copy(), sizes[:runs].copy()


@kernel
def _equal(positions, sizes, keys):
    """Those runs, divided where their keys differ."""
    equal_sizes = np.empty(len(positions) // 2, np.int64)
    count = runs = start = 0
    for size in sizes:
        stop = start + size
        if (keys[start + 1 : stop] != keys[start]).any():
            order = np.argsort(keys[start:stop], kind="mergesort")
            positions[start:stop], keys[start:stop] = positions[start:stop][order], keys[start:stop][order]
        first = start
        for position in range(start + 1, stop + 1):
            if position == stop or keys[position] != keys[first]:
                if position - first > 1:
                    for member in range(first, position):
                        positions[count] = positions[member]
                        count += 1
                    equal_sizes[runs] = position - first
                    runs += 1
                first = position
        start = stop
    return positions[:count], equal_sizes[:runs]


@kernel
def _count_equal(seen, numbers, weights, found, order, times):
    """Adds to the weights of groups that were seen before; of equal new ones, notes at the first how many there are.
    `seen` and `found` are sorted hashes, and `order` says where those found stand."""
    there = start = 0
    while start < len(found):
        stop = start + 1
        while stop < len(found) and found[stop] == found[start]:
            stop += 1
        while there < len(seen) and seen[there] < found[start]:
            there += 1
        if there < len(seen) and seen[there] == found[start]:
            weights[numbers[there]] += stop - start
        else:
            times[order[start]] = stop - start
        start = stop


@kernel
def _merged(left, left_numbers, right, right_numbers):
    """Two sorted arrays as one, and what belongs to their values."""
    values = np.empty(len(left) + len(right), np.uint64)
    numbers = np.empty(len(values), np.uint32)
    here = there = 0
    for position in range(len(values)):
        if there == len(right) or (here < len(left) and left[here] < right[there]):
            values[position], numbers[position] = left[here], left_numbers[here]
            here += 1
        else:
            values[position], numbers[position] = right[there], right_numbers[there]
            there += 1
    return values, numbers


@kernel
def _hash_groups(members, starts, found):
    for number in range(len(found)):
        # From 0 on, {3, 4, 7} would be as {6, 7}.
        state = mix_hash(SEED, np.uint64(starts[number + 1] - starts[number]))
        for position in range(starts[number], starts[number + 1]):
            state = mix_hash(state, members[position])
        found[number] = state

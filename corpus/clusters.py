"""Clusters: documents that share a key -> which of them go, each for one that stays.

A chain of similar pairs says nothing about its ends: removing connected components has deleted 97 % of good
collections. So documents are taken in the keeper's order and one is removed only when its measured similarity to a
document that stays reaches the threshold. The result depends on that order alone, not on how the groups were found. Of
a group only those that stay are compared with: a group of a million copies costs a million comparisons, not their
square.

A document is a number that rises in the keeper's order, uint64.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from corpus.codepoints import SEED, compiled, mix
from corpus.removals import Removals
from corpus.shingles import common


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


@dataclass(frozen=True, kw_only=True)
class Sets:
    """The shingles of document i, sorted: `values[starts[i]:stops[i]]`; `values` may lie on disk."""

    values: np.ndarray
    starts: np.ndarray
    stops: np.ndarray


def group(keys: np.ndarray, documents: np.ndarray) -> Groups:
    """The groups of (key, document) pairs, both (P,) uint64, each pair once, sorted by document. A key that only one
    document has makes none."""
    # A key's first bits and its place in one number: to sort those takes a tenth of the time of a stable argsort.
    width = np.uint64(len(keys).bit_length())
    packed = keys >> width
    packed <<= width
    packed |= np.arange(len(keys), dtype=np.uint64)
    packed.sort()
    places, sizes = _runs(packed, width)
    places, sizes = _equal(places, sizes, keys[places])
    return Groups(
        members=documents[places],
        starts=np.concatenate(([0], np.cumsum(sizes))).astype(np.int64),
        weights=np.ones(len(sizes), np.uint16),
    )


def combined(parts: Iterable[Groups]) -> Groups:
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
        places = np.cumsum(new, dtype=np.uint32) + np.uint32(len(weights)) - np.uint32(1)
        chosen = order[new[order]]
        seen, numbers = _merged(seen, numbers, found[chosen], places[chosen])
        weights = np.concatenate((weights, times[new]))
    return Groups(
        members=np.concatenate(members),
        starts=np.concatenate(([0], np.cumsum(np.concatenate(sizes)))).astype(np.int64),
        weights=weights,
    )


def exact_duplicates(digests: np.ndarray, documents: np.ndarray) -> Removals:
    """Of documents with one digest the first stays. `digests` (D, 2) uint64 belong to `documents` (D,), which rise."""
    begins = group(np.ascontiguousarray(digests[:, 0]), np.arange(len(documents), dtype=np.uint64))
    places, runs = begins.members.astype(np.int64), np.repeat(np.arange(len(begins)), np.diff(begins.starts))
    ends = digests[places, 1]
    order = np.lexsort((ends, runs))
    places, runs, ends = places[order], runs[order], ends[order]
    first = np.concatenate(([True], (runs[1:] != runs[:-1]) | (ends[1:] != ends[:-1])))[: len(order)]
    gone = places[~first]
    keepers = places[np.flatnonzero(first)[np.cumsum(first) - 1]][~first] if len(order) else gone
    by_document = np.argsort(gone)
    return Removals(
        documents=documents[gone[by_document]],
        keepers=documents[keepers[by_document]],
        similarities=np.ones(len(gone)),
    )


def near_duplicates(
    groups: Groups,
    documents: np.ndarray,
    sets: Sets,
    *,
    threshold: float,
    agreeing: int = 1,
    containment: bool = False,
    staying: int = 0,
) -> Removals:
    """`documents` are all those of the groups, rising, and `sets` belong to them. The first `staying` of them stay:
    they did when a crawl before this one was compared. Only pairs that share `agreeing` bands are measured: their
    Jaccard similarity, or how much of a document is contained in the one that stays. Memory beside these: 8 bytes for
    each place in a group and about 50 for a document."""
    slots = _slots(documents, groups.members)
    keepers = np.full(len(documents), -1, np.int64)
    similarities = np.zeros(len(documents))
    _decide(
        *(slots, groups.starts, groups.weights, sets.values, sets.starts, sets.stops),
        *(threshold, agreeing, containment, staying, keepers, similarities),
    )
    gone = np.flatnonzero(keepers >= 0)
    return Removals(documents=documents[gone], keepers=documents[keepers[gone]], similarities=similarities[gone])


@compiled
def shared(keys, others):  # type: ignore[no-untyped-def]
    """Which of some sorted keys are among others, sorted too: a Boolean mask."""
    found = np.zeros(len(keys), np.bool_)
    there = 0
    for here in range(len(keys)):
        while there < len(others) and others[there] < keys[here]:
            there += 1
        found[here] = there < len(others) and others[there] == keys[here]
    return found


@compiled
def _runs(packed, width):  # type: ignore[no-untyped-def]
    """The last `width` bits of sorted numbers, run by run of those with the same bits before, and how many each run
    has, two or more."""
    places, sizes = np.empty(len(packed), np.int64), np.empty(len(packed) // 2, np.int64)
    mask = (np.uint64(1) << width) - np.uint64(1)
    count = runs = start = 0
    for stop in range(1, len(packed) + 1):
        if stop < len(packed) and packed[stop] >> width == packed[start] >> width:
            continue
        if stop - start > 1:
            for place in range(start, stop):
                places[count] = packed[place] & mask
                count += 1
            sizes[runs] = stop - start
            runs += 1
        start = stop
    return places[:count].copy(), sizes[:runs].copy()


@compiled
def _equal(places, sizes, keys):  # type: ignore[no-untyped-def]
    """Those runs, divided where their keys differ: one key in some billion begins like another."""
    equal_sizes = np.empty(len(places) // 2, np.int64)
    count = runs = start = 0
    for size in sizes:
        stop = start + size
        if (keys[start + 1 : stop] != keys[start]).any():
            order = np.argsort(keys[start:stop], kind="mergesort")
            places[start:stop], keys[start:stop] = places[start:stop][order], keys[start:stop][order]
        first = start
        for place in range(start + 1, stop + 1):
            if place == stop or keys[place] != keys[first]:
                if place - first > 1:
                    for member in range(first, place):
                        places[count] = places[member]
                        count += 1
                    equal_sizes[runs] = place - first
                    runs += 1
                first = place
        start = stop
    return places[:count], equal_sizes[:runs]


@compiled
def _count_equal(seen, numbers, weights, found, order, times):  # type: ignore[no-untyped-def]
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


@compiled
def _merged(left, left_numbers, right, right_numbers):  # type: ignore[no-untyped-def]
    """Two sorted arrays as one, and what belongs to their values."""
    values = np.empty(len(left) + len(right), np.uint64)
    numbers = np.empty(len(values), np.uint32)
    here = there = 0
    for place in range(len(values)):
        if there == len(right) or (here < len(left) and left[here] < right[there]):
            values[place], numbers[place] = left[here], left_numbers[here]
            here += 1
        else:
            values[place], numbers[place] = right[there], right_numbers[there]
            there += 1
    return values, numbers


@compiled
def _hash_groups(members, starts, found):  # type: ignore[no-untyped-def]
    for number in range(len(found)):
        state = mix(SEED, np.uint64(starts[number + 1] - starts[number]))  # from 0 on, {3, 4, 7} would be as {6, 7}
        for place in range(starts[number], starts[number + 1]):
            state = mix(state, members[place])
        found[number] = state


@compiled
def _decide(  # type: ignore[no-untyped-def]
    slots, starts, weights, values, set_starts, set_stops, threshold, agreeing, containment, staying, keepers,
    similarities,
):  # fmt: skip
    """Sets keeper and similarity of each document that goes. A group's places are filled with those of its documents
    that stay, from the front: documents are taken in order, so the front of a group is read already."""
    firsts, groups = _groups_of(slots, starts, len(keepers))
    kept = np.zeros(len(starts) - 1, np.uint32)
    seen = np.full(len(keepers), -1, np.int64)
    bands = np.zeros(len(keepers), np.uint16)
    candidates = np.empty(16, np.uint32)
    for document in range(len(keepers)):
        mine = values[set_starts[document] : set_stops[document]]
        its_groups = groups[firsts[document] : firsts[document + 1]]
        count = 0
        for number in its_groups:
            if document < staying:
                break
            for place in range(starts[number], starts[number] + kept[number]):
                candidate = slots[place]
                if seen[candidate] != document:
                    seen[candidate] = document
                    bands[candidate] = 0
                    if count == len(candidates):
                        candidates = np.concatenate((candidates, np.empty(count, np.uint32)))
                    candidates[count] = candidate
                    count += 1
                bands[candidate] += weights[number]
        for candidate in np.sort(candidates[:count]):
            if bands[candidate] < agreeing:
                continue
            theirs = values[set_starts[candidate] : set_stops[candidate]]
            smaller, larger = min(len(mine), len(theirs)), max(len(mine), len(theirs))
            if smaller / (len(mine) if containment else larger) < threshold:
                continue  # not even if all of the smaller one were in the larger
            shared = common(mine, theirs)
            similarity = shared / (len(mine) if containment else smaller + larger - shared)
            if similarity >= threshold:
                keepers[document], similarities[document] = candidate, similarity
                break
        if keepers[document] < 0:
            for number in its_groups:
                slots[starts[number] + kept[number]] = document
                kept[number] += 1


@compiled
def _slots(documents, members):  # type: ignore[no-untyped-def]
    """The place of each member among the documents, by a table of hashes: a search misses the cache twenty times."""
    size = 16
    while size < 2 * len(documents):
        size *= 2
    table = np.full(size, 0xFFFFFFFF, np.uint32)
    for slot in range(len(documents)):
        place = mix(np.uint64(0), documents[slot]) & np.uint64(size - 1)
        while table[place] != 0xFFFFFFFF:
            place = (place + np.uint64(1)) & np.uint64(size - 1)
        table[place] = slot
    slots = np.empty(len(members), np.uint32)
    for number in range(len(members)):
        place = mix(np.uint64(0), members[number]) & np.uint64(size - 1)
        while documents[table[place]] != members[number]:
            place = (place + np.uint64(1)) & np.uint64(size - 1)
        slots[number] = table[place]
    return slots


@compiled
def _groups_of(slots, starts, documents):  # type: ignore[no-untyped-def]
    """Document d is in the groups `groups[firsts[d]:firsts[d + 1]]`."""
    firsts = np.zeros(documents + 2, np.int64)  # one place further on, until they are filled
    for slot in slots:
        firsts[slot + 2] += 1
    firsts = np.cumsum(firsts)
    groups = np.empty(len(slots), np.uint32)
    for number in range(len(starts) - 1):
        for place in range(starts[number], starts[number + 1]):
            groups[firsts[slots[place] + 1]] = number
            firsts[slots[place] + 1] += 1
    return firsts, groups

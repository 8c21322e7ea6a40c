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


@dataclass(frozen=True, kw_only=True)
class Sets:
    """The shingles of document i, sorted: `values[starts[i]:stops[i]]`; `values` may lie on disk."""

    values: np.ndarray
    starts: np.ndarray
    stops: np.ndarray


def group(keys: np.ndarray, documents: np.ndarray) -> Groups:
    """The groups of (key, document) pairs, both (P,) uint64, each pair once, sorted by document. A key that only one
    document has makes none."""
    order = np.argsort(keys, kind="stable")
    keys, members = keys[order], documents[order]
    edges = np.flatnonzero(np.concatenate(([True], keys[1:] != keys[:-1], [True]))) if len(keys) else np.zeros(1, int)
    sizes = np.diff(edges)
    shared = sizes > 1
    return Groups(
        members=members[np.repeat(shared, sizes)],
        starts=np.concatenate(([0], np.cumsum(sizes[shared]))).astype(np.int64),
        weights=np.ones(np.count_nonzero(shared), np.uint16),
    )


def combined(parts: Iterable[Groups]) -> Groups:
    """The groups of all bands, equal ones as one whose weight is their number: copies share nearly every band. A part
    may hold the groups of several bands."""
    hashes: list[np.ndarray] = []
    members, sizes = [np.empty(0, np.uint64)], [np.empty(0, np.int64)]
    seen = np.empty(0, np.uint64)
    for part in parts:
        found = np.empty(len(part), np.uint64)
        _hash_groups(part.members, part.starts, found)
        new = np.zeros(len(part), bool)
        new[np.unique(found, return_index=True)[1]] = True
        new &= ~np.isin(found, seen)
        seen = np.concatenate((seen, found[new]))
        counts = np.diff(part.starts)
        members.append(part.members[np.repeat(new, counts)])
        sizes.append(counts[new])
        hashes.append(found)
    everything, times = np.unique(np.concatenate(hashes or [seen]), return_counts=True)
    return Groups(
        members=np.concatenate(members),
        starts=np.concatenate(([0], np.cumsum(np.concatenate(sizes)))).astype(np.int64),
        weights=times[np.searchsorted(everything, seen)].astype(np.uint16),
    )


def exact_duplicates(digests: np.ndarray, documents: np.ndarray) -> Removals:
    """Of documents with one digest the first stays. `digests` (D, 2) uint64 belong to `documents` (D,), which rise."""
    order = np.lexsort((digests[:, 1], digests[:, 0]))
    found = digests[order]
    first = np.concatenate(([True], (found[1:] != found[:-1]).any(axis=1)))[: len(order)]
    keepers = np.empty(len(order), np.uint64)
    keepers[order] = documents[order[np.flatnonzero(first)[np.cumsum(first) - 1]]] if len(order) else []
    gone = keepers != documents
    return Removals(documents=documents[gone], keepers=keepers[gone], similarities=np.ones(np.count_nonzero(gone)))


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
    Jaccard similarity, or how much of a document is contained in the one that stays. Memory beside these: 28 bytes for
    each place in a group."""
    slots = np.searchsorted(documents, groups.members).astype(np.uint32)
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
    order = np.argsort(slots, kind="mergesort")
    groups = np.empty(len(slots), np.uint32)
    for number in range(len(starts) - 1):
        groups[starts[number] : starts[number + 1]] = number
    kept = np.zeros(len(starts) - 1, np.uint32)
    seen = np.full(len(keepers), -1, np.int64)
    bands = np.zeros(len(keepers), np.uint16)
    candidates = np.empty(16, np.uint32)
    start = 0
    while start < len(order):
        document = slots[order[start]]
        stop = start
        count = 0
        while stop < len(order) and slots[order[stop]] == document:
            number = groups[order[stop]]
            stop += 1
            if document < staying:
                continue
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
        mine = values[set_starts[document] : set_stops[document]]
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
            for place in range(start, stop):
                number = groups[order[place]]
                slots[starts[number] + kept[number]] = document
                kept[number] += 1
        start = stop

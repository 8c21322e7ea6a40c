"""Clusters: documents that share a key -> which of them go, each for one that stays.

A chain of similar pairs says nothing about its ends: removing connected components has deleted 97 % of good
collections. So documents are taken in the keeper's order and one is removed only when its measured similarity to a
document that stays reaches the threshold. The result depends on that order alone, not on how the groups were found. Of
a group only those that stay are compared with: a group of a million copies costs a million comparisons, not their
square.

A document is a number that rises in the keeper's order, uint64.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import comb

import numpy as np

from corpus.duplicates.groups import Groups, group_by_key
from corpus.duplicates.removals import Removals
from corpus.duplicates.shingles import count_common_or_stop
from corpus.text.compiled import kernel, mix_hash

LOOKS, TAKEN_FOR_LESS = (64, 256), 1e-6


@dataclass(frozen=True, kw_only=True)
class ShingleSets:
    """The shingles of document i, sorted: `values[starts[i]:stops[i]]`; `values` may lie on disk."""

    values: np.ndarray
    starts: np.ndarray
    stops: np.ndarray


def find_exact_duplicates(digests: np.ndarray, documents: np.ndarray) -> Removals:
    """Of documents with one digest the first stays. `digests` (D, 2) uint64 belong to `documents` (D,), which rise."""
    begins = group_by_key(np.ascontiguousarray(digests[:, 0]), np.arange(len(documents), dtype=np.uint64))
    positions, runs = begins.members.astype(np.int64), np.repeat(np.arange(len(begins)), np.diff(begins.starts))
    ends = digests[positions, 1]
    order = np.lexsort((ends, runs))
    positions, runs, ends = positions[order], runs[order], ends[order]
    first = np.concatenate(([True], (runs[1:] != runs[:-1]) | (ends[1:] != ends[:-1])))[: len(order)]
    gone = positions[~first]
    keepers = positions[np.flatnonzero(first)[np.cumsum(first) - 1]][~first] if len(order) else gone
    by_document = np.argsort(gone)
    return Removals(
        documents=documents[gone[by_document]],
        keepers=documents[keepers[by_document]],
        similarities=np.ones(len(gone)),
    )


def find_near_duplicates(
    groups: Groups,
    documents: np.ndarray,
    sets: ShingleSets,
    *,
    threshold: float,
    agreeing: int = 1,
    containment: bool = False,
    staying: int = 0,
) -> Removals:
    """`documents` are all those of the groups, rising, and `sets` belong to them. The first `staying` of them stay:
    they did when a crawl before this one was compared. Only pairs that share `agreeing` bands are measured: their
    Jaccard similarity, or how much of a document is contained in the one that stays; and of those whose smallest
    shingles already tell that they are not similar, no more. Memory beside these: 8 bytes for each position in a group
    and about 50 for a document."""
    slots = _slots(documents, groups.members)
    keepers = np.full(len(documents), -1, np.int64)
    similarities = np.zeros(len(documents))
    _decide(
        *(slots, groups.starts, groups.weights, sets.values, sets.starts, sets.stops),
        *(threshold, agreeing, containment, _looks(0.0 if containment else threshold), staying, keepers, similarities),
    )
    gone = np.flatnonzero(keepers >= 0)
    return Removals(documents=documents[gone], keepers=documents[keepers[gone]], similarities=similarities[gone])


def _looks(threshold: float) -> np.ndarray:
    """(LOOKS, 2) int64: how many values of either set are looked at, and how many of them must be in both. Pages of one
    template share half of their shingles, and each is a candidate for all: that they are not similar shows in a few. A
    pair at the threshold is taken for one below it once in a million."""
    looks = []
    for count in LOOKS:
        chance, least = (1 - threshold) ** count, 0
        while chance <= TAKEN_FOR_LESS:
            least += 1
            chance += comb(count, least) * threshold**least * (1 - threshold) ** (count - least)
        looks.append((count, least))
    return np.array(looks, np.int64)


@kernel
def _decide(
    slots, starts, weights, values, set_starts, set_stops, threshold, agreeing, containment, looks, staying, keepers,
    similarities,
):  # fmt: skip
    """Sets keeper and similarity of each document that goes. A group's positions are filled with those of its documents
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
            for position in range(starts[number], starts[number] + kept[number]):
                candidate = slots[position]
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
            shared = count_common_or_stop(mine, theirs, looks)
            similarity = shared / (len(mine) if containment else smaller + larger - shared)
            if similarity >= threshold:
                keepers[document], similarities[document] = candidate, similarity
                break
        if keepers[document] < 0:
            for number in its_groups:
                slots[starts[number] + kept[number]] = document
                kept[number] += 1


@kernel
def _slots(documents, members):
    """The place of each member among the documents, by a table of hashes: a search misses the cache twenty times."""
    size = 16
    while size < 2 * len(documents):
        size *= 2
    table = np.full(size, 0xFFFFFFFF, np.uint32)
    for slot in range(len(documents)):
        position = mix_hash(np.uint64(0), documents[slot]) & np.uint64(size - 1)
        while table[position] != 0xFFFFFFFF:
            position = (position + np.uint64(1)) & np.uint64(size - 1)
        table[position] = slot
    slots = np.empty(len(members), np.uint32)
    for number in range(len(members)):
        position = mix_hash(np.uint64(0), members[number]) & np.uint64(size - 1)
        while documents[table[position]] != members[number]:
            position = (position + np.uint64(1)) & np.uint64(size - 1)
        slots[number] = table[position]
    return slots


@kernel
def _groups_of(slots, starts, documents):
    """Document d is in the groups `groups[firsts[d]:firsts[d + 1]]`."""
    firsts = np.zeros(documents + 2, np.int64)  # one position further on, until they are filled
    for slot in slots:
        firsts[slot + 2] += 1
    firsts = np.cumsum(firsts)
    groups = np.empty(len(slots), np.uint32)
    for number in range(len(starts) - 1):
        for position in range(starts[number], starts[number + 1]):
            groups[firsts[slots[position] + 1]] = number
            firsts[slots[position] + 1] += 1
    return firsts, groups

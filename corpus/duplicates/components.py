"""Components: documents that are connected by groups, over any number of steps. Those of two components share no key,
so that neither can decide whether the other's stay: each component can be judged on its own."""

from __future__ import annotations

import numpy as np

from corpus.duplicates.groups import Groups
from corpus.text.compiled import kernel


class Components:
    """Of `count` documents, numbered from 0; each begins as its own. Holds 4 bytes a document, and 4 for its bin.

    Raises ValueError for more documents than 4 bytes number.
    """

    def __init__(self, count: int) -> None:
        if count > 1 << 32:
            raise ValueError(f"{count} documents share keys, more than {1 << 32}: compare fewer crawls together")
        self.parents = np.arange(count, dtype=np.uint32)

    def connect(self, groups: Groups) -> None:
        """Those of each group. Members are numbers of documents here."""
        _connect(self.parents, groups.members, groups.starts)

    def bins(self, count: int) -> np.ndarray:
        """A bin for each document, uint32, that all of its component share: of about equally many documents, but for
        those with a component that is larger. At most `count`."""
        return _bins(self.parents, max(1, -(-len(self.parents) // count)))


@kernel
def _connect(parents, members, starts):
    """The smaller root becomes the parent, so that a root is the first document of its component."""
    for number in range(len(starts) - 1):
        root = _root(parents, members[starts[number]])
        for position in range(starts[number] + 1, starts[number + 1]):
            other = _root(parents, members[position])
            if other < root:
                root, other = other, root
            parents[other] = root


@kernel
def _root(parents, document):
    while parents[document] != document:
        parents[document] = parents[parents[document]]
        document = parents[document]
    return document


@kernel
def _bins(parents, size):
    """Components one after another, by their first documents, into bins of `size`. A document's parent stands before
    it, so in their order each parent is a root already."""
    bins = np.zeros(len(parents), np.uint32)  # sizes of components first, at their roots
    for document in range(len(parents)):
        parents[document] = parents[parents[document]]
        bins[parents[document]] += 1
    before = np.int64(0)
    for document in range(len(parents)):
        if parents[document] == document:
            before, bins[document] = before + bins[document], before // size
        else:
            bins[document] = bins[parents[document]]
    return bins

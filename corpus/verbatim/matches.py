"""Matches: how far a question stands somewhere in a tar, and the part of the tar's order that begins with a span.

    Q tokens of a question, P places of a tar's order, V tokens of the vocabulary

Two binary searches in the order find what begins with a span (Manber and Myers 1993); one finds the longest beginning
of a text that stands anywhere: it is that of a neighbour of the place where the text would be in the order. `bounds`
(V + 1,) has where the places of each token begin in the order, which is a third of the way.
"""

from __future__ import annotations

import numpy as np

from corpus.text.compiled import kernel


@kernel
def longest_matches(question, tar, order, bounds, lengths):
    """Raises lengths[i], (Q,) int64, to how many tokens from question[i] on stand somewhere in the tar."""
    for start in range(len(question)):
        low, high, left, right = bounds[question[start]] - 1, bounds[question[start] + 1], 0, 0
        while high - low > 1:
            middle = (low + high) // 2
            place = np.int64(order[middle])
            # All places between two neighbours begin with what both have in common with the question.
            common = _count_common(question, start, tar, place, min(left, right))
            if _comes_before(question, start, tar, place, common):
                low, left = middle, common
            else:
                high, right = middle, common
        lengths[start] = max(lengths[start], left, right)


@kernel
def find_range(span, tar, order, bounds):
    """First and stop of the part of the order at whose places the span begins."""
    first = _count_smaller(span, tar, order, bounds, False)
    return first, _count_smaller(span, tar, order, bounds, True)


@kernel
def _count_smaller(span, tar, order, bounds, also_equal):
    """How many places come before those at which the span begins, these included with `also_equal`."""
    low, high = bounds[span[0]] - 1, bounds[span[0] + 1]
    while high - low > 1:
        middle = (low + high) // 2
        place = np.int64(order[middle])
        common = _count_common(span, 0, tar, place, 0)
        if also_equal if common == len(span) else _comes_before(span, 0, tar, place, common):
            low = middle
        else:
            high = middle
    return high


@kernel
def _count_common(question, start, tar, place, known):
    """How many tokens from `place` on are those of the question from `start` on, of which `known` are known to be."""
    most = min(len(question) - start, len(tar) - place)
    while known < most and question[start + known] == tar[place + known]:
        known += 1
    return known


@kernel
def _comes_before(question, start, tar, place, common):
    """Whether what begins at `place`, and has `common` tokens in common with the question, is the smaller of the two.
    The bounds are looked at, so that no damaged order leads out of the tar."""
    if start + common == len(question):
        return False
    return place + common >= len(tar) or tar[place + common] < question[start + common]

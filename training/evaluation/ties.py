"""Ties: items whose best choices are equally good. lm-eval takes the first of them.

In minimal pairs the right sentence comes first, so that a model which knows nothing but lengths looks as if it knew
more: a byte-uniform one, to which sentences of as many bytes are equal, gets 66.5 % of BLiMP's 67,000 pairs, of which
35.8 % are ties. Beside lm-eval's value stands one in which k choices that are best together share the point, 1/k each,
as a coin would give them on average: of the same model it is 48.6 %.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

# Relative: sums of the same float64 terms in another order differ by less (two orders of the same words to a unigram),
# and two different float32 log-likelihoods by more.
SAME = 1e-9


def best_choices(scores: Sequence[float]) -> list[int]:
    """The places of the choices that nothing is better than."""
    highest = max(scores)
    return [place for place, score in enumerate(scores) if math.isclose(score, highest, rel_tol=SAME, abs_tol=SAME)]


def share_point(scores: Sequence[float], gold: int) -> tuple[float, int]:
    """The right choice's share of the point, and how many choices share it."""
    best = best_choices(scores)
    return (1 / len(best) if gold in best else 0.0), len(best)

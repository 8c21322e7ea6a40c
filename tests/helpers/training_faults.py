"""What the tests of faults in training share."""

from __future__ import annotations

from small_corpus import CONTEXT


def tokens(steps: int) -> str:
    return str(steps * 4 * CONTEXT)

"""Patience: how long a call takes at its best, for bounds that only a wrong order of growth can break."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable


def cpu_seconds(call: Callable[[], object], enough: float = 0.0) -> float:
    """CPU time of the fastest of up to five calls; the first that takes at most `enough` seconds ends them.

    The best and not the first: a busy neighbour, a page fault or the collection of what other tests left behind can
    add half a second to any one call, and none of them to all five.
    """
    best = float("inf")
    collecting = gc.isenabled()
    gc.disable()
    try:
        for _ in range(5):
            started = time.process_time()
            call()
            best = min(best, time.process_time() - started)
            if best <= enough:
                break
    finally:
        if collecting:
            gc.enable()
    return best

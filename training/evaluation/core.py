"""Core: the mean over benchmarks of scores as a share of the way from guessing to perfect. No torch."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from training.significance.centred import centred_mean


def core(found: Mapping[str, Mapping[str, Any]]) -> dict[str, Any] | None:
    """DCLM's CORE (Li et al. 2024, arXiv:2406.11794) over the tasks at hand; `found` is what score.json holds, by task.

    Only tasks count in which more is better and guessing has a chance; None without one. Means of the same tasks alone
    can be compared, so these are named. The interval takes tasks for independent, and those of single tasks for
    symmetric: half its width is the root of the squares of theirs, centred, over their number.
    """
    kept = {
        task: result
        for task, result in sorted(found.items())
        if result["score"] is not None and result["higher_is_better"] and result["chance"] is not None
    }
    value = centred_mean((result["score"]["value"], result["chance"]) for result in kept.values())
    if value is None:
        return None
    halves = [
        (result["score"]["high"] - result["score"]["low"]) / 2 / (1 - result["chance"]) for result in kept.values()
    ]
    half = math.hypot(*halves) / len(halves)
    return {"value": value, "low": value - half, "high": value + half, "tasks": list(kept)}

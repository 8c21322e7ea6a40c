"""Core: the mean over benchmarks of centred scores, 0 for guessing and 1 for perfect. Needs no torch."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from training.significance.centred import mean_centred_score


def compute_core(results: Mapping[str, Mapping[str, Any]]) -> dict[str, Any] | None:
    """DCLM's CORE (Li et al. 2024, arXiv:2406.11794), over the tasks of `results`: the contents of score.json, by task.

    Counts tasks in which higher is better and guessing has a known score; None without such a task. Only means over the
    same tasks compare, so these are named. The interval assumes independent tasks with symmetric intervals: its half
    width is the root of the sum of squares of theirs, centred, over their number.
    """
    counted = {
        task: result
        for task, result in sorted(results.items())
        if result["score"] is not None and result["higher_is_better"] and result["chance"] is not None
    }
    value = mean_centred_score((result["score"]["value"], result["chance"]) for result in counted.values())
    if value is None:
        return None
    half_widths = [
        (result["score"]["high"] - result["score"]["low"]) / 2 / (1 - result["chance"]) for result in counted.values()
    ]
    half = math.hypot(*half_widths) / len(half_widths)
    return {"value": value, "low": value - half, "high": value + half, "tasks": list(counted)}

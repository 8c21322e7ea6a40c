"""Study file: what is left of a study for the recipes' reports and for Dagster, without times: the same trials give the
same bytes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from corpus.lake.manifest import canonical_json
from dagster_project.tuning_studies import FILE
from headwater.tuning.comparison import Comparison
from headwater.tuning.measures import UNITS
from headwater.tuning.study import Plan
from headwater.tuning.table import Row
from training.checkpoints.files import write_atomic

STATES = ("complete", "stopped", "failed")


def write_study(
    folder: Path, plan: Plan, found: Sequence[Row], comparison: Comparison | None, written: str | None
) -> Path:
    """In one step; `written`: the name of the new recipe."""
    path = folder / FILE
    write_atomic(path, canonical_json(describe_study(plan, found, comparison, written)))
    return path


def describe_study(
    plan: Plan, found: Sequence[Row], comparison: Comparison | None, written: str | None
) -> dict[str, Any]:
    trials = [{name: getattr(row, name) for name in ("trial", "state", "settings", "value", "note")} for row in found]
    complete = [one for one in trials if one["value"] is not None]
    best = min(complete, key=lambda one: (one["value"], one["trial"]), default=None)
    return {
        **{name: getattr(plan, name) for name in ("name", "recipe", "measure", "method", "pruner", "seed")},
        "crawls": list(plan.ids),
        "unit": UNITS[plan.measure],
        "ranges": {one.name: one.said for one in plan.ranges},
        "trials": trials,
        "counts": {state: n for state in STATES if (n := sum(one["state"] == state for one in trials))},
        "best": {name: best[name] for name in ("trial", "settings", "value")} if best else None,
        "comparison": as_object(comparison) if comparison else None,
        "written": written,
    }


def as_object(comparison: Comparison) -> dict[str, Any]:
    return {
        **asdict(comparison),
        "candidates": [{**asdict(one), "better": one.better} for one in comparison.candidates],
    }

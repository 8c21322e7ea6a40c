"""Table: a study's trials as rows."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from headwater.tuning.study import NOTE, Plan

if TYPE_CHECKING:
    from optuna import Study

STATES = {"COMPLETE": "complete", "PRUNED": "stopped", "FAIL": "failed", "RUNNING": "running", "WAITING": "waiting"}


@dataclass(frozen=True, kw_only=True)
class Row:
    """`trial`: from 1. `value`: None of one that is not complete, whose `note` says why. `along`: its losses on the
    way, by their number. `seconds` that it took."""

    trial: int
    state: str
    settings: Mapping[str, Any]
    value: float | None
    along: Mapping[int, float]
    seconds: float | None
    note: str


def rows(study: Study, plan: Plan) -> list[Row]:
    found = []
    for trial in study.get_trials(deepcopy=False):
        taken: Any = trial.duration
        found.append(
            Row(
                trial=trial.number + 1,
                state=STATES[trial.state.name],
                settings={one.name: trial.params[one.name] for one in plan.ranges if one.name in trial.params},
                value=trial.value if trial.state.name == "COMPLETE" else None,
                along=dict(trial.intermediate_values),
                seconds=None if taken is None else taken.total_seconds(),
                note=str(trial.user_attrs.get(NOTE, "")),
            )
        )
    return found


def as_csv(found: Sequence[Row], plan: Plan) -> str:
    """A line a trial, without times: the same trials give the same bytes."""
    out = io.StringIO()
    names = [one.name for one in plan.ranges]
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["trial", "state", *names, plan.measure, "note"])
    for row in found:
        value = "" if row.value is None else row.value
        writer.writerow([row.trial, row.state, *(row.settings.get(name, "") for name in names), value, row.note])
    return out.getvalue()


def show_settings(chosen: Mapping[str, Any], names: Sequence[str]) -> str:
    """In the order of the ranges, numbers with four digits."""
    return ", ".join(
        f"{name} = {chosen[name]:.4g}" if isinstance(chosen[name], float) else f"{name} = {chosen[name]}"
        for name in names
        if name in chosen
    )

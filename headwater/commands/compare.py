"""Compare: two sides' scores on a terminal or as JSON; what could not have been seen is said before what was."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

from headwater.terminal import json_line, one_line
from training.significance.comparison import Comparison, TaskComparison
from training.significance.difference import Difference
from training.significance.multiplicity import ALPHA


def folders(side: str) -> list[Path]:
    """Of a side as it is given: a folder, or several with commas between."""
    names = [name.strip() for name in side.split(",")]
    if not all(names):
        raise ValueError(f"{side!r}: a folder of results, or several with commas between")
    return [Path(name) for name in names]


def lines(found: Comparison, groups: bool = False) -> Iterator[str]:
    for name, side in (("A", found.a), ("B", found.b)):
        yield one_line(f"{name}: {', '.join(side)}")
    yield _units(found)
    for checkpoint in found.same:
        yield one_line(f"Both sides hold checkpoint {checkpoint}.")
    for one in found.tasks:
        yield ""
        yield from _task(one, len(found.tasks), groups)
    yield ""
    if found.centred is not None:
        count, a, b = found.centred
        tasks = "1 task" if count == 1 else f"{count} tasks"
        yield f"Centred mean, (score - chance) / (1 - chance), of {tasks}: A {a:.4f}, B {b:.4f}, B - A {b - a:+.4f}"
    for task, holders in found.left_out.items():
        yield one_line(f"Not compared: {task}, only in {', '.join(holders)}")
    yield _verdicts(found)


def _units(found: Comparison) -> str:
    if len(found.a) == len(found.b) == 1:
        return (
            "One checkpoint a side: this compares two checkpoints, not two recipes. For recipes, give the results of "
            "several seeds of each."
        )
    text = f"{len(found.a)} and {len(found.b)} seeds: this compares two recipes over items and seeds."
    if 1 in (len(found.a), len(found.b)):
        single, other = ("A", "B") if len(found.a) == 1 else ("B", "A")
        text += f" {single} has one seed; that its seeds vary as {other}'s do is taken on trust."
    return text


def _task(one: TaskComparison, tasks: int, groups: bool) -> Iterator[str]:
    found = one.difference
    direction = "higher" if one.higher_is_better else "lower"
    clusters = f" in {one.clusters:,} clusters" if one.clusters < one.n else ""
    yield one_line(f"{one.task}: {one.metric} of {one.n:,} items{clusters}, {direction} is better")
    yield f"  smallest effect that could have been seen: {_least(one)} ({_odds(tasks)})"
    yield f"  A {found.a:.4f}   B {found.b:.4f}   B - A {_interval(found)}"
    corrected = f", {_p(one.p_holm)} after Holm's correction" if tasks > 1 else ""
    yield f"  p {_p(found.p)}{corrected}: {one.better + ' is better' if one.better else 'not distinguishable'}"
    yield f"  {found.method}"
    for group in one.groups if groups else ():
        values = f"A {group.a:.4f}   B {group.b:.4f}   B - A {group.b - group.a:+.4f}"
        yield f"    {values}   {one_line(group.name)}, {group.n:,} items"


def _p(value: float) -> str:
    return f"{value:.4f}" if value >= 0.0001 else "below 0.0001"


def _odds(tasks: int) -> str:
    return f"in 80 % of the cases, p below {ALPHA}{f' / {tasks} tasks' if tasks > 1 else ''}"


def _least(one: TaskComparison) -> str:
    if one.minimum_detectable_effect is not None:
        return f"{one.minimum_detectable_effect:.4f}"
    return "unknown, for nothing varies" if one.difference.standard_error == 0 else "none, for so few items"


def _interval(found: Difference) -> str:
    return f"{found.value:+.4f}, 95 % [{found.low:+.4f}, {found.high:+.4f}]"


def _verdicts(found: Comparison) -> str:
    better = {side: [one.task for one in found.tasks if one.better == side] for side in ("A", "B")}
    told = [f"{side} is better on {', '.join(tasks)}" for side, tasks in better.items() if tasks]
    alike = len(found.tasks) - sum(map(len, better.values()))
    if alike:
        told.append(f"not distinguishable on {alike} of {len(found.tasks)} tasks")
    return one_line(f"In all: {'; '.join(told)}.")


def as_json(found: Comparison) -> str:
    """One object, with what `lines` says."""
    tasks = [
        {
            **asdict(one),
            "better": one.better,
            "verdict": f"{one.better} is better" if one.better else "not distinguishable",
        }
        for one in found.tasks
    ]
    centred = None if found.centred is None else dict(zip(("tasks", "a", "b"), found.centred, strict=True))
    return json_line({**asdict(found), "tasks": tasks, "centred": centred})

"""Comparison: two sides' scores as text or as JSON; what could not have been detected is said before what was."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any

from headwater.terminal import one_line
from training.significance.comparison import Comparison, TaskComparison
from training.significance.difference import Difference
from training.significance.multiplicity import ALPHA


def lines(comparison: Comparison, groups: bool = False) -> Iterator[str]:
    yield from side_lines(comparison.a, comparison.b)
    yield from result_lines(comparison, groups)


def side_lines(a: Sequence[str], b: Sequence[str]) -> Iterator[str]:
    for name, side in (("A", a), ("B", b)):
        yield one_line(f"{name}: {', '.join(side)}")


def result_lines(comparison: Comparison, groups: bool = False) -> Iterator[str]:
    yield _units(comparison)
    for checkpoint in comparison.same:
        yield one_line(f"Both sides hold checkpoint {checkpoint}.")
    for task in comparison.tasks:
        yield ""
        yield from _task_lines(task, len(comparison.tasks), groups)
    yield ""
    if comparison.centred is not None:
        count, a, b = comparison.centred
        tasks = "1 task" if count == 1 else f"{count} tasks"
        yield f"Centred mean, (score - chance) / (1 - chance), of {tasks}: A {a:.4f}, B {b:.4f}, B - A {b - a:+.4f}"
    for name in comparison.apart:
        yield one_line(f"Not compared: {name}, of which no item is on both sides")
    for name, holders in comparison.left_out.items():
        yield one_line(f"Not compared: {name}, only in {', '.join(holders)}")
    yield _verdicts(comparison)


def _units(comparison: Comparison) -> str:
    if len(comparison.a) == len(comparison.b) == 1:
        return (
            "One checkpoint a side: this compares two checkpoints, not two recipes. For recipes, give the results of "
            "several seeds of each."
        )
    text = f"{len(comparison.a)} and {len(comparison.b)} seeds: this compares two recipes over items and seeds."
    if 1 in (len(comparison.a), len(comparison.b)):
        single, other = ("A", "B") if len(comparison.a) == 1 else ("B", "A")
        text += f" {single} has one seed; that its seeds vary as {other}'s do is taken on trust."
    return text


def _task_lines(task: TaskComparison, tasks: int, groups: bool) -> Iterator[str]:
    difference = task.difference
    direction = "higher" if task.higher_is_better else "lower"
    clusters = f" in {task.clusters:,} clusters" if task.clusters < task.n else ""
    yield one_line(f"{task.task}: {task.metric} of {task.n:,} items{clusters}, {direction} is better")
    yield f"  smallest effect that could have been detected: {_smallest_effect(task)} ({_odds(tasks)})"
    yield f"  A {difference.a:.4f}   B {difference.b:.4f}   B - A {_interval(difference)}"
    corrected = f", {_p(task.p_holm)} after Holm's correction" if tasks > 1 else ""
    yield f"  p {_p(difference.p)}{corrected}: {task.better + ' is better' if task.better else 'not distinguishable'}"
    yield f"  {difference.method}"
    if task.held is not None:
        yield f"  the items that both have and were asked alike; A has {task.held[0]:,} in all, B {task.held[1]:,}"
    if task.ties is not None:
        ties = task.ties
        shared = f"A {ties.shared_a:.4f}   B {ties.shared_b:.4f}   B - A {ties.shared_b - ties.shared_a:+.4f}"
        yield f"  ties shared: {shared}; of A {ties.a:,.4g}, of B {ties.b:,.4g} items are ties"
    if any(task.lost):
        yield (
            f"  texts that do not come back from the tokenizer, so that {task.metric} is of others: "
            f"A {task.lost[0]:,}, B {task.lost[1]:,}"
        )
    for group in task.groups if groups else ():
        values = f"A {group.a:.4f}   B {group.b:.4f}   B - A {group.b - group.a:+.4f}"
        yield f"    {values}   {one_line(group.name)}, {group.n:,} items"


def _p(value: float) -> str:
    return f"{value:.4f}" if value >= 0.0001 else "below 0.0001"


def _odds(tasks: int) -> str:
    return f"in 80 % of cases, p below {ALPHA}{f' / {tasks} tasks' if tasks > 1 else ''}"


def _smallest_effect(task: TaskComparison) -> str:
    if task.minimum_detectable_effect is not None:
        return f"{task.minimum_detectable_effect:.4f}"
    return "unknown, as nothing varies" if task.difference.standard_error == 0 else "none, with so few items"


def _interval(difference: Difference) -> str:
    return f"{difference.value:+.4f}, 95 % [{difference.low:+.4f}, {difference.high:+.4f}]"


def _verdicts(comparison: Comparison) -> str:
    better = {side: [task.task for task in comparison.tasks if task.better == side] for side in ("A", "B")}
    verdicts = [f"{side} is better on {', '.join(tasks)}" for side, tasks in better.items() if tasks]
    undecided = len(comparison.tasks) - sum(map(len, better.values()))
    if undecided:
        verdicts.append(f"not distinguishable on {undecided} of {len(comparison.tasks)} tasks")
    return one_line(f"In all: {'; '.join(verdicts)}.")


def as_object(comparison: Comparison) -> dict[str, Any]:
    """For --json, with all that `lines` prints."""
    tasks = [
        {
            **asdict(task),
            "better": task.better,
            "verdict": f"{task.better} is better" if task.better else "not distinguishable",
        }
        for task in comparison.tasks
    ]
    centred = None if comparison.centred is None else dict(zip(("tasks", "a", "b"), comparison.centred, strict=True))
    return {**asdict(comparison), "tasks": tasks, "centred": centred}

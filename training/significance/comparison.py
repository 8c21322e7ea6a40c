"""Comparison: all tasks that two sides have in common, corrected for their number, and what was left out."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from training.significance.alignment import Pairs, align
from training.significance.centred import mean_centred_score
from training.significance.common import Seeds, keep_common
from training.significance.difference import Difference, estimate_difference
from training.significance.multiplicity import ALPHA, adjust_holm, minimum_detectable_effect
from training.significance.results import Results


@dataclass(frozen=True, kw_only=True)
class Group:
    """A part of a task's items. Without a test: of many groups some stand out by luck."""

    name: str
    n: int
    a: float
    b: float


@dataclass(frozen=True, kw_only=True)
class Ties:
    """Items of which several choices were best, which the score gives to the first of them: the mean over the seeds of
    each side, and the score where such choices share the point."""

    a: float
    b: float
    shared_a: float
    shared_b: float


@dataclass(frozen=True, kw_only=True)
class TaskComparison:
    """One task. `minimum_detectable_effect` is the smallest difference that is detected in 80 % of the cases. `ties`:
    None where there are none. `lost`: how many texts do not come back from each side's tokenizer, so that its bits per
    byte are of other texts; of several seeds the most. `held`: how many items each side had, where only those are
    compared that both have, else None."""

    task: str
    metric: str
    higher_is_better: bool
    n: int
    clusters: int
    chance: float | None
    minimum_detectable_effect: float | None
    difference: Difference
    p_holm: float
    groups: tuple[Group, ...]
    ties: Ties | None
    lost: tuple[int, int]
    held: tuple[int, int] | None

    @property
    def better(self) -> str | None:
        """The side that is, or None where they are not distinguishable."""
        if self.p_holm > ALPHA:
            return None
        return "B" if (self.difference.value > 0) == self.higher_is_better else "A"


@dataclass(frozen=True, kw_only=True)
class Comparison:
    a: tuple[str, ...]  # the folders, or recipes, of each side's seeds
    b: tuple[str, ...]
    tasks: tuple[TaskComparison, ...]
    left_out: dict[str, tuple[str, ...]]  # task -> the folders that have it, where others do not
    apart: tuple[str, ...]  # tasks of which no item is on both sides
    same: tuple[str, ...]  # checkpoints that stand on both sides

    @property
    def centred(self) -> tuple[int, float, float] | None:
        """How many tasks have a chance to be above, and both sides' centred means over them."""
        tasks = [task for task in self.tasks if task.chance is not None and task.higher_is_better]
        a, b = (
            mean_centred_score((getattr(task.difference, side), task.chance) for task in tasks) for side in ("a", "b")
        )
        return None if a is None or b is None else (len(tasks), a, b)


def compare_results(a: Seeds, b: Seeds, own: Collection[str] = ()) -> Comparison:
    """`own`: the tasks whose items each side made of its own pages, of which those are compared that both have.

    Raises ValueError where results of a task are not comparable, no task is on both sides, or a seed comes twice."""
    a, b, held = keep_common(a, b, own)
    everyone = [*a.values(), *b.values()]
    named = sorted({task for found in everyone for task in found})
    common = [task for task in named if all(task in found for found in everyone)]
    if not common:
        raise ValueError(f"no task in common: {_tasks(a)} and {_tasks(b)}; score both sides on the same tasks")
    checkpoints = [_checkpoints(side, common) for side in (a, b)]
    pairs = {task: align(_of(a, task), _of(b, task)) for task in common}
    differences = {task: estimate_difference(pairs[task]) for task in common}
    corrected = adjust_holm([found.p for found in differences.values()])
    return Comparison(
        a=tuple(a),
        b=tuple(b),
        tasks=tuple(
            _compared(
                [_of(side, task) for side in (a, b)],
                pairs[task],
                differences[task],
                p_holm,
                len(common),
                held.get(task),
            )
            for task, p_holm in zip(common, corrected, strict=True)
        ),
        left_out={
            task: tuple(name for side in (a, b) for name in side if task in side[name])
            for task in named
            if task not in common
        },
        apart=tuple(task for task in held if task not in common),
        same=tuple(sorted(checkpoints[0] & checkpoints[1])),
    )


def _of(side: Seeds, task: str) -> dict[str, Results]:
    return {folder: found[task] for folder, found in side.items()}


def _tasks(side: Seeds) -> str:
    return "; ".join(f"{folder} has {', '.join(sorted(found))}" for folder, found in side.items())


def _checkpoints(side: Seeds, tasks: Sequence[str]) -> set[str]:
    """Raises ValueError where two seeds of a side are one checkpoint: it would count as if it were two runs."""
    seen: dict[tuple[str, str], str] = {}
    for folder, found in side.items():
        for task in tasks:
            checkpoint = str(found[task].score.get("inputs", {}).get("checkpoint"))
            other = seen.setdefault((task, checkpoint), folder)
            if other != folder:
                raise ValueError(f"{other} and {folder} are both of checkpoint {checkpoint}; a seed counts once")
    return {checkpoint for _, checkpoint in seen}


def _compared(
    folders: Sequence[Mapping[str, Results]],
    pairs: Pairs,
    found: Difference,
    p_holm: float,
    tasks: int,
    held: tuple[int, int] | None,
) -> TaskComparison:
    sides = [list(side.values()) for side in folders]
    results = sides[0][0]
    effect = minimum_detectable_effect(
        found.standard_error, found.freedom, tasks, pairs.clusters, pairs.items, pairs.share
    )
    return TaskComparison(
        task=results.task,
        metric=str(results.score["metric"]),
        higher_is_better=bool(results.score["higher_is_better"]),
        n=pairs.items,
        clusters=pairs.clusters,
        chance=results.score["chance"],
        minimum_detectable_effect=effect,
        difference=found,
        p_holm=p_holm,
        groups=_groups(pairs),
        ties=_ties(sides),
        lost=(_lost(sides[0]), _lost(sides[1])),
        held=held,
    )


def _ties(sides: Sequence[Sequence[Results]]) -> Ties | None:
    if any(seed.score.get("ties") is None for side in sides for seed in side):
        return None
    counts = [[int(seed.score["ties"]) for seed in side] for side in sides]
    if not any(map(any, counts)):
        return None
    shared = [[seed.score["metrics"][f"{seed.score['metric']}_ties"]["value"] for seed in side] for side in sides]
    (a, b), (shared_a, shared_b) = ([float(np.mean(side)) for side in found] for found in (counts, shared))
    return Ties(a=a, b=b, shared_a=shared_a, shared_b=shared_b)


def _lost(side: Sequence[Results]) -> int:
    return max((seed.score.get("lost") or {}).get("texts", 0) for seed in side)


def _groups(pairs: Pairs) -> tuple[Group, ...]:
    names, numbers = np.unique(pairs.groups, return_inverse=True)
    if len(names) == 1:
        return ()
    groups = []
    for number, name in enumerate(names):
        chosen = numbers == number
        a, b = (
            float((side.values[:, chosen].sum(axis=1) / side.weights[:, chosen].sum(axis=1)).mean())
            for side in (pairs.a, pairs.b)
        )
        groups.append(Group(name=str(name), n=int(chosen.sum()), a=a, b=b))
    return tuple(groups)

"""Comparison: the best trials beside the base, each trained again with the same new seeds and the same budget.

The least loss of many trials is low by luck too, and the more so the more trials there are. What these runs tell is not
chosen: none of them was seen by the search.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from headwater.logs import divert_stdout
from headwater.tuning.measures import spread
from headwater.tuning.ranges import settings_of
from headwater.tuning.search import name_of
from headwater.tuning.study import Plan, best_trials
from headwater.tuning.trials import HopelessError, Train, watched
from recipes.changes import change
from recipes.named import Recipe
from recipes.values import join_settings
from training.significance.difference import Difference
from training.significance.multiplicity import ALPHA, adjust_holm
from training.significance.paired_seeds import compare_paired

TOP = 3


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """A trial beside the base. `trial`: its number, from 1; `first_loss`: of the search. `losses`: one a seed.
    `difference`: candidate - base; `p_holm`: corrected for the number of candidates."""

    trial: int
    settings: Mapping[str, Any]
    first_loss: float
    losses: tuple[float, ...]
    difference: Difference
    p_holm: float

    @property
    def better(self) -> bool:
        return self.difference.value < 0 and self.p_holm <= ALPHA


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """`base_losses`: one a seed; `base_spread`: their standard deviation. `diverged`: numbers of trials that did so
    with a new seed, and are no candidates for that."""

    seeds: tuple[int, ...]
    base_losses: tuple[float, ...]
    base_spread: float | None
    candidates: tuple[Candidate, ...]
    diverged: tuple[int, ...]

    @property
    def best(self) -> Candidate | None:
        """The one with the least mean loss, where that is less than the base's."""
        found = min(self.candidates, key=lambda one: one.difference.b, default=None)
        return found if found is not None and found.difference.value < 0 else None


def compare(plan: Plan, base: Recipe, study: Any, train: Train, seeds: int, say: Callable[[str], None]) -> Comparison:
    """Raises RuntimeError where the base itself diverges."""
    first = base.training.settings().seed + 1
    chosen = tuple(range(first, first + seeds))

    def runs(name: str, settings: Mapping[str, Any]) -> tuple[float, ...]:
        losses = []
        for seed in chosen:
            own = {"training": {"seed": seed, **watched(change(base, settings), watch=False)}}
            with divert_stdout(quiet=True):
                losses.append(train(f"{name}.seed{seed}", join_settings([settings, own]), None))
            say(f"{name}.seed{seed}  {losses[-1]:.4f}")
        return tuple(losses)

    trials = best_trials(study, TOP)
    first_losses = {trial.number: trial.values[0] for trial in trials}
    try:
        base_losses = runs(f"{plan.name}.base", {})
    except HopelessError as error:
        raise RuntimeError(f"{plan.recipe} itself {error} with a new seed: there is nothing to compare with") from error
    found: dict[int, tuple[float, ...]] = {}
    diverged = []
    for trial in trials:
        try:
            found[trial.number] = runs(name_of(plan, trial.number), settings_of(trial.params, plan.ranges))
        except HopelessError:
            diverged.append(trial.number + 1)
    differences = {number: compare_paired(base_losses, losses) for number, losses in found.items()}
    corrected = dict(zip(found, adjust_holm([one.p for one in differences.values()]), strict=True))
    candidates = [
        Candidate(
            trial=trial.number + 1,
            settings=dict(trial.params),
            first_loss=first_losses[trial.number],
            losses=found[trial.number],
            difference=differences[trial.number],
            p_holm=corrected[trial.number],
        )
        for trial in trials
        if trial.number in found
    ]
    return Comparison(
        seeds=chosen,
        base_losses=base_losses,
        base_spread=spread(base_losses),
        candidates=tuple(candidates),
        diverged=tuple(diverged),
    )

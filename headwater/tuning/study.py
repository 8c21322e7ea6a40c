"""Study: the trials so far, in Optuna's storage: a SQLite file beside the lake, or any database by its URL.

A trial's settings follow from the study's seed, the trial's number and the trials before it alone: a study that was
killed and goes on, one trial at a time, chooses as if it had not been.
"""

from __future__ import annotations

import json
import math
import warnings
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from corpus.lake.manifest import sha256
from headwater.tuning.ranges import Range, grid
from recipes.values import recorded_settings

if TYPE_CHECKING:
    from optuna import Study
    from optuna.pruners import BasePruner
    from optuna.samplers import BaseSampler
    from optuna.trial import FrozenTrial

    from recipes.named import Recipe

METHODS = ("tpe", "random", "grid", "gp")
PRUNERS = ("median", "hyperband", "none")
EVALUATIONS = 9  # held-out losses of a trial, evenly spaced: 3 * 3, for Hyperband's brackets
FACTOR = 3  # of Hyperband: one of so many goes on
FIRST_TRIALS = 5  # of which the median pruner stops none, ...
FIRST_EVALUATIONS = 2  # ... and none before its third loss
ABOUT, NOTE = "headwater", "note"  # attributes: of the study, what it is of; of a trial, why it has no loss


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What a study is. `ids`: of the crawls. `trials`: when it ends; all else decides which trials there are."""

    name: str
    recipe: str
    ranges: tuple[Range, ...]
    measure: str
    ids: tuple[str, ...]
    method: str = "tpe"
    pruner: str = "median"
    seed: int = 0
    trials: int = 20

    @property
    def most(self) -> int:
        """A grid ends with its last combination."""
        if self.method != "grid":
            return self.trials
        return math.prod(len(values) for values in grid(self.ranges, self.trials).values())


def load_optuna() -> Any:
    """The library. Raises ValueError, saying what to install, where it is not there."""
    try:
        import optuna
    except ImportError as error:
        raise ValueError("tuning needs optuna: pip install 'headwater[tune]'") from error
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
    return optuna


def open_study(plan: Plan, base: Recipe, storage: str) -> Study:
    """The study of that name, or a new one. Raises ValueError where it is of something else, naming what."""
    optuna = load_optuna()
    url = storage if "://" in storage else f"sqlite:///{storage}"
    study = optuna.create_study(
        study_name=plan.name, storage=optuna.storages.RDBStorage(url), pruner=make_pruner(plan), load_if_exists=True
    )
    about = _about(plan, base)
    known = study.user_attrs.get(ABOUT)
    if known is None:
        study.set_user_attr(ABOUT, about)
    elif changed := [name for name in about if known.get(name) != about[name]]:
        raise ValueError(
            f"the study {plan.name} has another {', '.join(changed)}: give those of before, or another name by --study"
        )
    return study


def _about(plan: Plan, base: Recipe) -> dict[str, Any]:
    found = {name: value for name, value in asdict(plan).items() if name not in ("name", "trials")}
    if plan.method == "grid":
        found["grid"] = grid(plan.ranges, plan.trials)
    found["settings of the recipe"] = recorded_settings(base)
    about: dict[str, Any] = json.loads(json.dumps(found))
    return about


def make_pruner(plan: Plan) -> BasePruner:
    from optuna import pruners

    match plan.pruner:
        case "median":  # Optuna counts steps from 0, where losses are numbered from 1
            return pruners.MedianPruner(n_startup_trials=FIRST_TRIALS, n_warmup_steps=1 + FIRST_EVALUATIONS)
        case "hyperband":
            return pruners.HyperbandPruner(min_resource=1, max_resource=EVALUATIONS, reduction_factor=FACTOR)
        case "none":
            return pruners.NopPruner()
    raise AssertionError(plan.pruner)


def make_sampler(plan: Plan, number: int) -> BaseSampler:
    """For the trial of that number."""
    from optuna import samplers

    seed = int(sha256(f"{plan.seed} {number}".encode())[:8], 16)
    match plan.method:
        case "grid" | "random":  # a grid's settings are given
            return samplers.RandomSampler(seed=seed)
        case "tpe":
            return samplers.TPESampler(seed=seed)
        case "gp":
            return samplers.GPSampler(seed=seed)
    raise AssertionError(plan.method)


def repeat_killed(study: Study) -> int:
    """Trials that a killed process left are taken up again before any other, under their numbers and with their
    settings. Returns how many there were."""
    from optuna.trial import TrialState

    storage = study._storage
    killed = [trial for trial in study.get_trials(deepcopy=False) if trial.state == TrialState.RUNNING]
    for trial in killed:
        storage.set_trial_state_values(trial._trial_id, TrialState.WAITING)
    return len(killed)


def finished(study: Study) -> list[FrozenTrial]:
    return [trial for trial in study.get_trials(deepcopy=False) if trial.state.is_finished()]


def best_trials(study: Study, count: int) -> list[FrozenTrial]:
    """The complete ones with the least losses, no settings twice."""
    from optuna.trial import TrialState

    found: list[FrozenTrial] = []
    complete = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
    for trial in sorted(complete, key=lambda trial: (trial.value, trial.number)):
        if all(trial.params != other.params for other in found):
            found.append(trial)
    return found[:count]

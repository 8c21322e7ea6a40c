"""Search: a study's trials, one after the other, in this process or in several."""

from __future__ import annotations

import fcntl
import multiprocessing
import os
import signal
import statistics
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, wait
from contextlib import contextmanager
from itertools import islice, product
from multiprocessing.connection import wait as wait_for
from pathlib import Path
from typing import TYPE_CHECKING, Any

from headwater.logs import divert_stdout
from headwater.tuning.measures import NotComparableError
from headwater.tuning.ranges import grid, settings_of
from headwater.tuning.study import NOTE, Plan, finished, make_sampler, open_study
from headwater.tuning.table import show_settings
from headwater.tuning.trials import HopelessError, Report, Train, watched
from recipes.changes import change
from recipes.named import Recipe
from recipes.values import join_settings

if TYPE_CHECKING:
    from optuna import Study, Trial
    from optuna.trial import FrozenTrial

Say = Callable[[str], None]


def run_trials(plan: Plan, base: Recipe, storage: str, folder: Path, train: Train, say: Say, at_once: int = 1) -> None:
    """Until the study has all of its trials. `folder`: its own, on this machine. Raises what a trial raises that is
    neither hopeless nor of settings that cannot be: what is wrong then is not the settings' fault."""
    if at_once == 1:
        _run_trials(plan, base, storage, folder, train, say)
        return
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(at_once, mp_context=context, initializer=_end_with_parent) as pool:
        running = [pool.submit(_run_trials, plan, base, storage, folder, train, _print) for _ in range(at_once)]
        wait(running)
        for one in running:
            one.result()


def _print(line: str) -> None:
    print(line, flush=True)


def _end_with_parent() -> None:
    """A process whose parent was killed ends too: it would go on with a study that somebody else may take up."""
    parent = multiprocessing.parent_process()
    assert parent is not None

    def watch() -> None:
        wait_for([parent.sentinel])
        os.kill(os.getpid(), signal.SIGKILL)

    threading.Thread(target=watch, daemon=True).start()


def _run_trials(plan: Plan, base: Recipe, storage: str, folder: Path, train: Train, say: Say) -> None:
    study = open_study(plan, base, storage)
    while (trial := _ask(study, plan, folder)) is not None:
        _try(study, plan, base, trial, train)
        say(_line(study, plan, trial.number))


def _ask(study: Study, plan: Plan, folder: Path) -> Trial | None:
    """One that a killed process left, or the next; None where there are as many as are wanted."""
    from optuna.trial import TrialState

    with _alone(folder / "asking"):
        trials = study.get_trials(deepcopy=False)
        left = [trial.number for trial in trials if trial.state == TrialState.WAITING]
        if not left and len(trials) >= plan.most:
            return None
        if plan.method == "grid" and not left:  # Optuna's own sampler of grids works only in its own loop
            values = grid(plan.ranges, plan.trials)
            chosen = next(islice(product(*values.values()), len(trials), None))
            study.enqueue_trial(dict(zip(values, chosen, strict=True)))
        study.sampler = make_sampler(plan, left[0] if left else len(trials))
        return study.ask({one.name: one.distribution() for one in plan.ranges})


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """While no other process of the study on this machine is in here."""
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _try(study: Study, plan: Plan, base: Recipe, trial: Trial, train: Train) -> None:
    from optuna.trial import TrialState

    try:
        settings = settings_of(trial.params, plan.ranges)
        watch = plan.pruner != "none"
        changes = join_settings([settings, {"training": watched(change(base, settings), watch)}])
        with divert_stdout(quiet=True):
            loss = train(name_of(plan, trial.number), changes, _reporter(study, trial) if watch else None)
    except HopelessError as error:
        trial.set_user_attr(NOTE, str(error))
        study.tell(trial, state=TrialState.PRUNED)
    except NotComparableError as error:
        trial.set_user_attr(NOTE, str(error))
        study.tell(trial, state=TrialState.FAIL)
    else:
        study.tell(trial, loss)


def name_of(plan: Plan, number: int) -> str:
    """Of a trial's recipe. People count from 1."""
    return f"{plan.name}.trial{number + 1}"


def _reporter(study: Study, trial: Trial) -> Report:
    """Losses that the trial had before it was killed are not judged again, but for the last."""
    known = max(study.get_trials(deepcopy=False)[trial.number].intermediate_values, default=0)

    def report(number: int, loss: float) -> bool:
        if number < known:
            return True
        if number > known:
            trial.report(loss, number)
        return not trial.should_prune()

    return report


def _line(study: Study, plan: Plan, number: int) -> str:
    trials = study.get_trials(deepcopy=False)
    trial = trials[number]
    settings = show_settings(trial.params, [one.name for one in plan.ranges])
    outcome = f"{trial.value:.4f}" if trial.state.name == "COMPLETE" else str(trial.user_attrs.get(NOTE))
    complete = [one for one in trials if one.state.name == "COMPLETE"]
    best = min(complete, key=lambda one: (one.value, one.number), default=None)
    shown = f"best {best.value:.4f} (trial {best.number + 1})" if best else "none complete yet"
    return f"trial {number + 1} of {plan.most}  {settings}  {outcome}  {shown}  {_time_left(study, plan)}"


def _time_left(study: Study, plan: Plan) -> str:
    """By what a trial took in the middle, and as many at once as are running."""
    done = finished(study)
    left = plan.most - len(done)
    if not left:
        return "all trials are done"
    running = sum(trial.state.name == "RUNNING" for trial in study.get_trials(deepcopy=False)) + 1
    seconds = statistics.median(map(_seconds, done)) * left / min(running, left)
    return f"about {seconds / 60:.0f} min to go" if seconds >= 90 else f"about {seconds:.0f} s to go"


def _seconds(trial: FrozenTrial) -> float:
    taken: Any = trial.duration
    return float(taken.total_seconds())

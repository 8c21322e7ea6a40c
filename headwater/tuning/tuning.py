"""Tuning: a study from its first trial to the recipe that is best."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from corpus.lake.store import Lake
from corpus.sources import crawl_id
from dagster_project.tuning_studies import study_folder
from headwater.graph_run import GraphRun
from headwater.logs import divert_stdout
from headwater.tuning.comparison import Comparison, compare
from headwater.tuning.measures import LOSS, UNITS, choose_measure
from headwater.tuning.page import write_page
from headwater.tuning.ranges import Range, check_ranges, grid, settings_of
from headwater.tuning.search import Say, run_trials
from headwater.tuning.study import METHODS, PRUNERS, Plan, best_trials, open_study, repeat_killed
from headwater.tuning.study_file import as_object as comparison_object
from headwater.tuning.study_file import write_study
from headwater.tuning.table import Row, rows, show_settings
from headwater.tuning.training_pool import training_at_once
from headwater.tuning.trials import Trainer, check_can_be_compared
from pipelines.engine import Engine
from recipes.files import ensure_recipe, find_recipe, recipe_names


@dataclass(frozen=True, kw_only=True)
class Options:
    """As a person gives them. `pruner`: None is median, or none where trials differ in their data. `study`: None for
    RECIPE-tuning; `storage`: of Optuna, None for a file beside the lake. `seeds`: new ones, for the last comparison."""

    recipe: str
    ranges: tuple[Range, ...]
    trials: int = 20
    method: str = "tpe"
    pruner: str | None = None
    seeds: int = 3
    seed: int = 0
    at_once: int = 1
    study: str | None = None
    storage: str | None = None


@dataclass(frozen=True, kw_only=True)
class Tuning:
    """`trials`: all of the study. `comparison`: None where no trial was complete. `written`: the name of the new
    recipe, None where the base is not beaten. `page`: of the study."""

    plan: Plan
    trials: tuple[Row, ...]
    comparison: Comparison | None
    written: str | None
    page: Path


def tune(lake: Lake, options: Options, crawls: Sequence[str], engine: Engine, say: Say) -> Tuning:
    """`crawls`: partition keys. Raises ValueError for what cannot be, before anything is computed, and RuntimeError
    where a stage fails; the same call goes on then."""
    base = find_recipe(lake, options.recipe).recipe
    plan = make_plan(lake, options, crawls)
    folder = study_folder(lake, plan.name)
    trainer = Trainer(
        lake=lake.url,
        base=plan.recipe,
        crawls=tuple(crawls),
        ids=plan.ids,
        study=plan.name,
        measure=plan.measure,
        engine=engine,
    )
    check_can_be_compared(trainer, base)
    folder.mkdir(parents=True, exist_ok=True)
    storage = options.storage or str(folder / "study.db")
    with _only_process(folder, plan.name):
        study = open_study(plan, base, storage)
        if repeated := repeat_killed(study):
            say(f"trials that were killed and go on: {repeated}")
        with divert_stdout(quiet=True):
            trainer.compute_data()
        with training_at_once(lake, options.at_once) if options.at_once > 1 else nullcontext():
            run_trials(plan, base, storage, folder, trainer, say, options.at_once)
        comparison = None
        if best_trials(study, 1):
            say(f"the best trials and {plan.recipe} are trained again with new seeds")
            comparison = compare(plan, base, study, trainer, options.seeds, say)
        written = _write_best(lake, plan, comparison)
        found = tuple(rows(study, plan))
        page = write_page(folder, plan, study, found, comparison, written)
        write_study(folder, plan, found, comparison, written)
    GraphRun(lake, engine, plan.recipe, quiet=True).show_study(plan.name)
    return Tuning(plan=plan, trials=found, comparison=comparison, written=written, page=page)


def make_plan(lake: Lake, options: Options, crawls: Sequence[str]) -> Plan:
    """Raises ValueError, naming the setting and the value, for options that cannot be."""
    ranges = check_ranges(find_recipe(lake, options.recipe).recipe, options.ranges)
    measure = choose_measure(ranges)
    along = measure == LOSS
    if not along and options.pruner not in (None, "none"):
        raise ValueError(
            f"--pruner {options.pruner}: {', '.join(one.name for one in ranges)} change data or tokens, so that losses "
            f"on the way are of different texts; give --pruner none"
        )
    plan = Plan(
        name=options.study or f"{options.recipe}-tuning",
        recipe=options.recipe,
        ranges=ranges,
        measure=measure,
        ids=tuple(sorted(map(crawl_id, crawls))),
        method=options.method,
        pruner=options.pruner or (PRUNERS[0] if along else "none"),
        seed=options.seed,
        trials=options.trials,
    )
    if plan.method not in METHODS or plan.pruner not in PRUNERS:
        raise ValueError(
            f"method {plan.method}, pruner {plan.pruner}: choose {', '.join(METHODS)}; {', '.join(PRUNERS)}"
        )
    if plan.method == "grid":
        grid(ranges, plan.trials)
    return plan


@contextmanager
def _only_process(folder: Path, name: str) -> Iterator[None]:
    """Raises ValueError where another process of this machine is at the study: what it tries would pass for killed."""
    with (folder / "lock").open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ValueError(f"another process is at the study {name}; wait for it, or use its --at-once") from None
        yield


def _write_best(lake: Lake, plan: Plan, comparison: Comparison | None) -> str | None:
    """RECIPE-tuned, with a number where another study has that name."""
    best = comparison.best if comparison else None
    if best is None:
        return None
    changes = settings_of(best.settings, plan.ranges)
    name, number = f"{plan.recipe}-tuned", 1
    while name in recipe_names(lake) and not _is(lake, name, plan.recipe, changes):
        number += 1
        name = f"{plan.recipe}-tuned-{number}"
    return ensure_recipe(lake, name, plan.recipe, changes).name


def _is(lake: Lake, name: str, base: str, changes: Mapping[str, Any]) -> bool:
    found = find_recipe(lake, name)
    return (found.base, found.changes) == (base, changes)


def lines(tuning: Tuning) -> Iterator[str]:
    plan, comparison = tuning.plan, tuning.comparison
    counts = {state: sum(row.state == state for row in tuning.trials) for state in ("complete", "stopped", "failed")}
    said = ", ".join(f"{count} {state}" for state, count in counts.items() if count)
    yield f"study       {plan.name}: {len(tuning.trials)} trials by {plan.method}, {said}"
    yield f"compared    {UNITS[plan.measure]}"
    if comparison is None:
        yield "no trial was complete: there is nothing to compare; give wider ranges"
    else:
        yield from _comparison_lines(plan, comparison)
        yield _verdict(plan, comparison, tuning.written)
    yield f"page        {tuning.page}"


def _comparison_lines(plan: Plan, comparison: Comparison) -> Iterator[str]:
    names = [one.name for one in plan.ranges]
    seeds = ", ".join(map(str, comparison.seeds))
    yield f"again       with the seeds {seeds}, none of which the search has used"
    if comparison.base_spread is not None:
        yield f"noise       {plan.recipe} varies by {comparison.base_spread:.4f} between seeds (standard deviation)"
    yield f"{plan.recipe:12}{sum(comparison.base_losses) / len(comparison.base_losses):.4f}"
    for one in comparison.candidates:
        found = one.difference
        yield (
            f"trial {one.trial:<6}{found.b:.4f}  {found.value:+.4f}, 95 % [{found.low:+.4f}, {found.high:+.4f}], "
            f"p {one.p_holm:.4f} of {len(comparison.candidates)}  {show_settings(one.settings, names)}"
        )
    for trial in comparison.diverged:
        yield f"trial {trial:<6}diverged with a new seed"


def _verdict(plan: Plan, comparison: Comparison, written: str | None) -> str:
    best = comparison.best
    if best is None:
        return f"{plan.recipe} is not beaten: no trial has a lower mean with new seeds; no recipe is written"
    said = f"{written}, of trial {best.trial}, is written"
    if best.better:
        return f"{said}: it is better than {plan.recipe}, beyond what seeds explain"
    return (
        f"{said}, but {plan.recipe} is not beaten: with {len(comparison.seeds)} seeds the two are not distinguishable"
    )


def as_object(tuning: Tuning) -> dict[str, Any]:
    """For --json."""
    comparison = comparison_object(tuning.comparison) if tuning.comparison else None
    return {**asdict(tuning), "comparison": comparison, "page": str(tuning.page)}

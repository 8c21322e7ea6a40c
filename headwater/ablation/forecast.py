"""Forecast: what an ablation is going to compute, what it finds, what that costs and what it could show."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from corpus.lake import stages
from corpus.lake.current import RecipeLake
from corpus.lake.stages import STAGES, crawls_of
from corpus.lake.store import Lake
from headwater.ablation.arms import Arm, Design
from headwater.comparison.sides import load_report
from headwater.terminal import one_line
from recipes.named import Recipe
from recipes.values import differences, recorded_settings, show_change
from training.significance.multiplicity import ALPHA, minimum_detectable_effect

# The first stage that each part of a recipe changes.
FIRST = {
    "ingest": stages.DOCUMENTS,
    "clean": stages.CLEAN,
    "trim": stages.TRIMMED,
    "duplicates": stages.DUPLICATES,
    "contamination": stages.CONTAMINATION,
    "heldout": stages.SPLIT,
    "items": stages.ITEMS,
    "vocabulary": stages.TOKENIZER,
    "shards": stages.SHARDS,
    "training": stages.CHECKPOINT,
    "finetune": stages.FINETUNED,
    "risks": stages.RISKS,
    "shrink": stages.SHRUNK,
}
MANY = 1e6  # degrees of freedom: of one seed a side, only items vary


@dataclass(frozen=True, kw_only=True)
class ArmForecast:
    """`computed`: the stages that no arm before it has computed, none for an arm that is scored. `seconds`: what they
    took under the base; None where that is not known."""

    name: str
    computed: tuple[str, ...]
    seconds: float | None


@dataclass(frozen=True, kw_only=True)
class Forecast:
    """`reused`: the stages that the variant has in common with the base. `seconds`: of all arms. `epochs`: how often a
    run of the base reads its training tokens. `effects`: task -> (its score under the base, the smallest difference
    that could be seen, at most, None where that is not known)."""

    changes: tuple[tuple[str, Any, Any], ...]
    arms: tuple[ArmForecast, ...]
    reused: tuple[str, ...]
    seconds: float | None
    training_tokens: int
    epochs: float | None
    effects: Mapping[str, tuple[float, float | None]]
    seeds: int


def make_forecast(lake: Lake, design: Design, crawls: Sequence[str]) -> Forecast:
    """`crawls`: the ids of those that the arms take."""
    base, variant = design.a[0], design.b[0]
    taken = _seconds_by_stage(lake, base.name, crawls)
    changed = _changed_stages(base.recipe, variant.recipe)
    reports = {arm.name: read_report(lake, arm, crawls) for arm in design.arms}
    report = reports[base.name]
    before = [None, *[base] * (len(design.a) - 1), base, *[variant] * (len(design.b) - 1)]
    arms = tuple(
        _forecast_arm(one, arm, reports[arm.name] is not None, taken if report else None)
        for one, arm in zip(before, design.arms, strict=True)
    )
    known = [arm.seconds for arm in arms if arm.seconds is not None]
    tokens = base.recipe.training.settings().tokens
    return Forecast(
        changes=tuple(differences(base.recipe, variant.recipe)),
        arms=arms,
        reused=tuple(stage for stage in STAGES if stage not in changed and stage in taken),
        seconds=sum(known) if len(known) == len(arms) else None,
        training_tokens=tokens,
        epochs=tokens / report["train_tokens"] if report else None,
        effects=_effects([found for arm in design.a if (found := reports[arm.name])], len(design.a)),
        seeds=len(design.a),
    )


def read_report(lake: Lake, arm: Arm, crawls: Sequence[str]) -> dict[str, Any] | None:
    """The content of report.json, where it is of these crawls and of the recipe as it is now."""
    found = load_report(lake, arm.name)
    if found is None:
        return None
    current = found.get("settings") == recorded_settings(arm.recipe) and set(found["crawls"]) == set(crawls)
    return found if current else None


def _forecast_arm(before: Arm | None, arm: Arm, scored: bool, taken: Mapping[str, float] | None) -> ArmForecast:
    """`before`: the arm of which it has the stages that do not differ."""
    if scored:
        return ArmForecast(name=arm.name, computed=(), seconds=0.0)
    computed = tuple(STAGES) if before is None else _changed_stages(before.recipe, arm.recipe)
    if taken is None:
        return ArmForecast(name=arm.name, computed=computed, seconds=None)
    found = tuple(stage for stage in computed if stage in taken)
    return ArmForecast(name=arm.name, computed=found, seconds=sum(taken[stage] for stage in found))


def _changed_stages(one: Recipe, other: Recipe) -> tuple[str, ...]:
    """Those that a part that differs decides, and all that read them. That a stage changes nothing is not foreseen."""
    differing = {FIRST[name] for name, first in FIRST.items() if getattr(one, name) != getattr(other, name)}
    if one.duplicates.signing() != other.duplicates.signing():
        differing.add(stages.SIGNATURES)
    for stage in STAGES.values():  # upstream first
        if differing.intersection(stage.reads) - {stage.name}:
            differing.add(stage.name)
    return tuple(stage for stage in STAGES if stage in differing)


def _seconds_by_stage(lake: Lake, recipe: str, crawls: Sequence[str]) -> dict[str, float]:
    taken: dict[str, float] = {}
    for manifest in RecipeLake(lake.url, recipe).datasets():
        if not set(crawls_of(manifest.partition.rpartition(":")[2])) <= set(crawls):
            continue
        seconds = float(lake.read_run(manifest).get("seconds", 0.0))
        taken[manifest.stage] = taken.get(manifest.stage, 0.0) + seconds
    return taken


def _effects(reports: Sequence[Mapping[str, Any]], seeds: int) -> dict[str, tuple[float, float | None]]:
    """From the reports of the base's seeds: as if its items and another arm's varied independently, which paired items
    do not, so that the comparison sees less. Between seeds the scores vary as those that are there."""
    if not reports:
        return {}
    scores = {task: one for task, one in reports[0]["scores"].items() if one["score"] is not None}
    effects = {}
    for task, one in scores.items():
        values = [report["scores"][task]["score"]["value"] for report in reports if task in report["scores"]]
        error, freedom = 2 * one["score"]["standard_error"] ** 2, MANY
        if len(values) > 1:
            mean = math.fsum(values) / len(values)
            error += 2 * math.fsum((value - mean) ** 2 for value in values) / (len(values) - 1) / seeds
            freedom = 2 * (len(values) - 1)
        items, clusters = one["n"], one.get("clusters", one["n"])
        effect = minimum_detectable_effect(math.sqrt(error), freedom, len(scores), clusters, items, False)
        effects[task] = (one["score"]["value"], effect)
    return effects


def lines(forecast: Forecast) -> Iterator[str]:
    for name, old, new in forecast.changes:
        yield one_line(f"changed   {name}  {show_change(old, new)}")
    yield f"reused    {', '.join(forecast.reused) or 'nothing: the base has not been computed'}"
    width = max(len(arm.name) for arm in forecast.arms)
    for arm in forecast.arms:
        seconds = "" if arm.seconds is None else f"  about {arm.seconds:,.0f} s"
        stages_named = "everything" if arm.computed == tuple(STAGES) else ", ".join(arm.computed)
        what = f"computes {stages_named}{seconds}" if arm.computed else "is scored"
        yield f"arm       {arm.name:{width}}  {what}"
    cost = "not known before the base has been computed" if forecast.seconds is None else f"{forecast.seconds:,.0f} s"
    yield f"cost      {cost}{', by what these stages took under the base' if forecast.seconds else ''}"
    yield f"training  {_training(forecast)}"
    yield from _effect_lines(forecast)


def _training(forecast: Forecast) -> str:
    text = f"{forecast.training_tokens:,} tokens in every arm, whatever is kept"
    if forecast.epochs is None:
        return text
    text += f"; of the base's data that is {forecast.epochs:.2f} epochs"
    return text + ("; duplicates cannot be seen in less than one" if forecast.epochs < 1 else "")


def _effect_lines(forecast: Forecast) -> Iterator[str]:
    if not forecast.effects:
        yield "effect    the smallest that could be seen is not known before the base has been scored"
        return
    tasks = len(forecast.effects)
    corrected = f" / {tasks} tasks" if tasks > 1 else ""
    yield f"effect    the smallest that is seen in 80 % of cases, p below {ALPHA}{corrected}, if items were not paired:"
    for task, (value, effect) in forecast.effects.items():
        yield f"          {one_line(task)} {value:.4f} by {'unknown' if effect is None else f'{effect:.4f}'}"


def names_of(arms: Sequence[Arm]) -> str:
    """As `headwater compare` takes them."""
    return ",".join(arm.name for arm in arms)

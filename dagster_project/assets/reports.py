"""Report: one page on what went in, what was dropped and why, how training went and what it scored."""

import json
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

import dagster as dg

from corpus.audit.survey import Survey, make_survey
from corpus.lake import stages
from corpus.lake.manifest import Manifest, canonical_json, sha256
from corpus.lake.store import Lake
from corpus.lineage.graph import source_datasets
from dagster_project.assets.curve import learning_curve, read_curve
from dagster_project.assets.finetuning import finetuned_score, task_name
from dagster_project.assets.model import read_metrics
from dagster_project.assets.risk_findings import read_findings, risks
from dagster_project.assets.scores import (
    held_out_scores,
    is_of,
    read_score,
    score_manifests,
    without_matched,
)
from dagster_project.assets.shrinking import describe_shrunk, model_name, shrunk
from dagster_project.assets.tuning import tuning_study
from dagster_project.lineage import BENCHMARK_SCORE, RECIPE, datasets_left, datasets_of, latest, upstream, upstreams
from dagster_project.metadata.contamination import numbers, section
from dagster_project.metadata.duplicates import gather_duplicates
from dagster_project.metadata.sample_traces import trace_samples
from dagster_project.partitions import crawl_recipe_key
from dagster_project.report_page.numbers import LINE, collect_numbers
from dagster_project.report_page.page import render_report
from dagster_project.report_page.recipe_index import write_index
from dagster_project.resources import EngineResource, LakeResource
from dagster_project.stage_assets import stage_asset
from dagster_project.tuning_studies import Study, page_from_report, studies_of
from pipelines.cleaning import CleanConfig
from pipelines.engine import Engine
from recipes.files import load_recipe
from recipes.named import Recipe
from recipes.values import recorded_settings
from training.evaluation.core import compute_core

BY_CRAWL = (stages.DOCUMENTS, stages.CLEAN, stages.TRIMMED, stages.SIGNATURES)
VERSION = 7  # of the page and its numbers: a report of the same datasets, settings and version is not written again
SCORED = [
    *(asset.key for asset in held_out_scores),
    *(dg.AssetKey(BENCHMARK_SCORE), learning_curve.key, finetuned_score.key, risks.key, shrunk.key, tuning_study.key),
]


@stage_asset(
    "report",
    deps=[
        *map(dg.AssetKey, (stages.CRAWL, *BY_CRAWL, stages.UNIQUE, stages.CONTAMINATION, *LINE)),
        *SCORED,
        dg.AssetKey(RECIPE),
    ],
    triggers=SCORED,
    optional=[finetuned_score.key, risks.key, shrunk.key, tuning_study.key],
    group="scores",
    kinds={"html"},
    version=VERSION,
)
def report(context: dg.AssetExecutionContext, lake: LakeResource, engine: EngineResource) -> dg.MaterializeResult:
    """report/RECIPE/index.html in the lake, and report.json beside it, with all scores that the checkpoint has, those
    of what was fine-tuned of it, its risks, what it was shrunk to and how it was tuned; and report/index.html, which
    has the scores of all recipes."""
    opened, recipe = lake.open(context.partition_key), context.partition_key
    config = load_recipe(opened, recipe)
    manifests = _manifests(context, opened, config)
    folder = opened.path("report", recipe)
    settings = recorded_settings(config)
    digests = [manifest.digest for manifest in manifests]
    studies = [{**study, "page": page_from_report(opened, study["name"])} for study in studies_of(opened, recipe)]
    made_of = {"version": VERSION, "datasets": digests, "settings": settings, "studies": studies}
    datasets = sha256(canonical_json(made_of))
    found = _written_before(opened, f"{folder}/report.json", datasets)
    if found is None:
        found = _write(opened, folder, recipe, config, manifests, studies, datasets, engine.open())
    write_index(opened)
    page = f"{folder}/index.html"
    link = dg.MetadataValue.url(Path(page).absolute().as_uri() if opened.local else opened.fs.unstrip_protocol(page))
    return dg.MaterializeResult(metadata={"report": link, "path": dg.MetadataValue.path(page), **_headline(found)})


def _written_before(lake: Lake, path: str, datasets: str) -> dict[str, Any] | None:
    """The numbers of the report that is there, if it is one of the same datasets."""
    if not lake.fs.exists(path):
        return None
    found: dict[str, Any] = json.loads(lake.fs.cat_file(path))
    return found if found.get("made_of") == datasets else None


def _write(
    lake: Lake,
    folder: str,
    recipe: str,
    config: Recipe,
    manifests: Sequence[Manifest],
    studies: Sequence[Study],
    datasets: str,
    engine: Engine,
) -> dict[str, Any]:
    """The page first: where there are numbers of these datasets, there is their page."""
    surveyed = _survey(lake, manifests, config.clean)
    uniques = [manifest for manifest in manifests if manifest.stage == stages.UNIQUE]
    duplicates = gather_duplicates(lake, uniques, config.duplicates)
    matched = section(lake, manifests)
    [checkpoint] = [manifest for manifest in manifests if manifest.stage == stages.CHECKPOINT]
    curve = next((read_curve(lake, m) for m in manifests if m.stage == stages.LEARNING_CURVE), None)
    scores = _scores(lake, manifests)
    found = collect_numbers(lake, recipe, manifests, surveyed, duplicates, curve, read_metrics(lake, checkpoint))
    found |= {"scores": scores, "core": compute_core(scores), "contamination": numbers(matched)}
    found |= {"settings": recorded_settings(config), "made_of": datasets}
    measured = next((manifest for manifest in manifests if manifest.stage == stages.RISKS), None)
    found["risks"] = read_findings(lake, measured) if measured else []
    found["shrunk"] = [describe_shrunk(manifest) for manifest in manifests if manifest.stage == stages.SHRUNK]
    found["studies"] = list(studies)
    found["sample_traces"] = trace_samples(lake, checkpoint, [sample["text"] for sample in found["sample"]], engine)
    page = render_report(lake, manifests, found, surveyed, duplicates, matched)
    lake.write(f"{folder}/index.html", page.encode())
    lake.write(f"{folder}/report.json", json.dumps(found, indent=1, sort_keys=True).encode())
    return found


def _scores(lake: Lake, manifests: Sequence[Manifest]) -> dict[str, dict[str, Any]]:
    """Task -> its score, with the digests of what it was made of."""
    looked = [manifest for manifest in manifests if manifest.stage == stages.CONTAMINATION]
    results = [
        (manifest, read_score(lake, manifest))
        for manifest in manifests
        if manifest.stage in (stages.SCORE, stages.FINETUNED_SCORE)
    ]
    return {
        result["task"]: {
            **result,
            "without_matched": without_matched(lake, manifest, result, looked),
            "dataset": manifest.digest,
            "made_of": {name: dataset.digest for name, dataset in source_datasets(lake, manifest).items()},
        }
        for manifest, result in results
    }


def _survey(lake: Lake, manifests: Sequence[Manifest], config: CleanConfig) -> Survey:
    cleans = [manifest for manifest in manifests if manifest.stage == stages.CLEAN]
    later = [
        manifest
        for stage in (stages.TRIMMED, stages.UNIQUE, stages.SPLIT)
        for manifest in manifests
        if manifest.stage == stage
    ]
    return make_survey(lake, cleans, later, config.rules, config.language_score)


def _manifests(context: dg.AssetExecutionContext, lake: Lake, config: Recipe) -> list[Manifest]:
    """Every dataset that the scores depend on, upstream first, and what was made of the model."""
    recipe = context.partition_key
    found = latest(context.instance, stages.UNIQUE, recipe)
    assert found is not None, "scores depend on unique"
    keys: list[str] = found["crawls"]
    manifests = [upstream(context, lake, stages.CRAWL, key) for key in keys]
    for asset in BY_CRAWL:
        found_here = [upstream(context, lake, asset, str(crawl_recipe_key(key, recipe))) for key in keys]
        manifests += [manifest for manifest in found_here if manifest.stage == asset]  # else the recipe leaves it out
    manifests += [*upstreams(context, lake, stages.UNIQUE), *upstreams(context, lake, stages.CONTAMINATION)]
    manifests += [upstream(context, lake, asset) for asset in LINE]
    model = manifests[-1]
    points = latest(context.instance, stages.LEARNING_CURVE, recipe)
    if points is not None:
        manifests += [curve for curve in datasets_of(lake, points) if is_of(curve, model)]
    scores = score_manifests(context, lake, model).values()
    finetuned = _finetuned(context, lake, model, [one.name for one in config.finetune])
    small = _shrunk(context, lake, model, [one.name for one in config.shrink])
    return [*manifests, *scores, *finetuned, *_risks(context, lake, model), *small]


def _risks(context: dg.AssetExecutionContext, lake: Lake, model: Manifest) -> list[Manifest]:
    found = latest(context.instance, stages.RISKS, context.partition_key)
    return [manifest for manifest in datasets_left(lake, found) if is_of(manifest, model)] if found else []


def _shrunk(context: dg.AssetExecutionContext, lake: Lake, model: Manifest, names: Collection[str]) -> list[Manifest]:
    """The smaller models of a checkpoint that the recipe still names."""
    found = latest(context.instance, stages.SHRUNK, context.partition_key)
    made = datasets_left(lake, found) if found else []
    return [manifest for manifest in made if is_of(manifest, model) and model_name(manifest) in names]


def _finetuned(
    context: dg.AssetExecutionContext, lake: Lake, model: Manifest, tasks: Collection[str]
) -> list[Manifest]:
    """What was fine-tuned of a checkpoint for these tasks, each before its score: of another checkpoint, or for a task
    that the recipe no longer names, it is none of this."""
    found = latest(context.instance, stages.FINETUNED_SCORE, context.partition_key)
    manifests = []
    for score in datasets_left(lake, found) if found else ():
        for made in source_datasets(lake, score).values():
            if is_of(made, model) and task_name(score) in tasks:
                manifests += [made, score]
    return manifests


def _headline(found: Mapping[str, Any]) -> dict[str, Any]:
    numbers = {name: found[name] for name in ("pages", "documents", "clean", "unique", "train_tokens")}
    values = {task: result["score"]["value"] for task, result in found["scores"].items() if result["score"]}
    return {**numbers, **values, **({"core": found["core"]["value"]} if found["core"] else {})}

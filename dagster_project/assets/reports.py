"""Report: one page on what went in, what was dropped and why, how training went and what it scored."""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import dagster as dg

from corpus.audit.contamination import Matched
from corpus.audit.outcomes import most_first
from corpus.audit.samples import kept_samples
from corpus.audit.survey import Survey, make_survey
from corpus.lake import stages
from corpus.lake.manifest import Manifest, canonical_json, sha256
from corpus.lake.store import Lake
from corpus.lineage.graph import source_datasets
from dagster_project.assets.curve import curve_svg, learning_curve, read_curve
from dagster_project.assets.document_stages import clean, documents
from dagster_project.assets.model import loss_curve, read_metrics
from dagster_project.assets.scores import (
    held_out_scores,
    is_of,
    prepared_scores,
    read_score,
    score_manifests,
    without_matched,
)
from dagster_project.lineage import datasets_of, latest, upstream, upstreams
from dagster_project.metadata.contamination import numbers, section
from dagster_project.metadata.duplicates import Duplicates, gather_duplicates
from dagster_project.metadata.figures import bars
from dagster_project.metadata.pages import templates
from dagster_project.partitions import crawl_recipe_key, recipes
from dagster_project.resources import LakeResource
from pipelines.cleaning import CleanConfig
from pipelines.tokenization import by_language
from recipes.named import RECIPES
from training.evaluation.core import compute_core

LINE = (stages.SPLIT, stages.ITEMS, stages.TOKENIZER, stages.TOKENS, stages.SHARDS, stages.CHECKPOINT)
VERSION = 1  # of the page and its numbers: a report of the same datasets and version is not written again
CRAWLWISE = (stages.CRAWL, stages.DOCUMENTS, stages.CLEAN, stages.UNIQUE)
KEPT = 3  # documents of a crawl that are shown


@dg.asset(
    deps=[*held_out_scores, *prepared_scores, learning_curve, documents, clean],
    partitions_def=recipes,
    group_name="scores",
)
def report(context: dg.AssetExecutionContext, lake: LakeResource) -> dg.MaterializeResult:
    """report/RECIPE/index.html in the lake, and report.json beside it, with all scores that the checkpoint has."""
    opened, recipe = lake.open(context.partition_key), context.partition_key
    manifests = _manifests(context, opened)
    folder = opened.path("report", recipe)
    datasets = sha256(canonical_json({"version": VERSION, "datasets": [manifest.digest for manifest in manifests]}))
    found = _written_before(opened, f"{folder}/report.json", datasets)
    if found is None:
        found = _write(opened, folder, recipe, manifests, datasets)
    path = dg.MetadataValue.path(f"{folder}/index.html")
    return dg.MaterializeResult(metadata={"path": path, **_headline(found)})


def _written_before(lake: Lake, path: str, datasets: str) -> dict[str, Any] | None:
    """The numbers of the report that is there, if it is one of the same datasets."""
    if not lake.fs.exists(path):
        return None
    found: dict[str, Any] = json.loads(lake.fs.cat_file(path))
    return found if found.get("made_of") == datasets else None


def _write(lake: Lake, folder: str, recipe: str, manifests: Sequence[Manifest], datasets: str) -> dict[str, Any]:
    """The page first: where there are numbers of these datasets, there is their page."""
    surveyed = _survey(lake, manifests, RECIPES[recipe].clean)
    uniques = [manifest for manifest in manifests if manifest.stage == stages.UNIQUE]
    duplicates = gather_duplicates(lake, uniques, RECIPES[recipe].duplicates)
    matched = section(lake, manifests)
    found = collect(lake, recipe, manifests, surveyed, duplicates)
    found |= {"contamination": numbers(matched), "made_of": datasets}
    lake.write(f"{folder}/index.html", render(lake, manifests, found, surveyed, duplicates, matched).encode())
    lake.write(f"{folder}/report.json", json.dumps(found, indent=1, sort_keys=True).encode())
    return found


def _survey(lake: Lake, manifests: Sequence[Manifest], config: CleanConfig) -> Survey:
    cleans = [manifest for manifest in manifests if manifest.stage == stages.CLEAN]
    later = [
        manifest
        for stage in (stages.TRIMMED, stages.UNIQUE, stages.SPLIT)
        for manifest in manifests
        if manifest.stage == stage
    ]
    return make_survey(lake, cleans, later, config.rules, config.language_score)


def collect(
    lake: Lake, recipe: str, manifests: Sequence[Manifest], surveyed: Survey, duplicates: Duplicates
) -> dict[str, Any]:
    """All numbers of the report: report.json."""
    dropped: dict[str, dict[str, int]] = {}
    for manifest in manifests:
        lost = {**manifest.counts.dropped, **manifest.counts.quarantined}
        for reason, records in lost.items():
            stage = dropped.setdefault(manifest.stage, {})
            stage[reason] = stage.get(reason, 0) + records
    by_stage = {stage: [m for m in manifests if m.stage == stage] for stage in CRAWLWISE}
    one = {manifest.stage: manifest for manifest in manifests if manifest.stage in LINE}
    looked = [manifest for manifest in manifests if manifest.stage == stages.CONTAMINATION]
    scores = {
        manifest.partition.partition(":")[0]: {
            **(result := read_score(lake, manifest)),
            "without_matched": without_matched(lake, manifest, result, looked),
            "dataset": manifest.digest,
            "made_of": {name: dataset.digest for name, dataset in source_datasets(lake, manifest).items()},
        }
        for manifest in manifests
        if manifest.stage == stages.SCORE
    }
    return {
        "recipe": recipe,
        "crawls": [manifest.partition for manifest in by_stage[stages.DOCUMENTS]],
        "not_read": {m.partition: m.config["skipped"] for m in by_stage[stages.CRAWL] if m.config.get("skipped")},
        "records": sum(manifest.counts.records_in for manifest in by_stage[stages.DOCUMENTS]),
        "pages": sum(manifest.figures.get("pages", 0) for manifest in by_stage[stages.DOCUMENTS]),
        "html_bytes": sum(manifest.figures.get("html_bytes", 0) for manifest in by_stage[stages.DOCUMENTS]),
        "texts": sum(manifest.figures.get("texts", 0) for manifest in by_stage[stages.DOCUMENTS]),
        "documents": sum(manifest.counts.kept for manifest in by_stage[stages.DOCUMENTS]),
        "clean": sum(manifest.counts.kept for manifest in by_stage[stages.CLEAN]),
        "unique": sum(manifest.counts.kept for manifest in by_stage[stages.UNIQUE]),
        "duplicates": duplicates.numbers(),
        "languages": _languages(by_stage[stages.UNIQUE]),
        "train_documents": one[stages.SPLIT].figures["train"],
        "heldout_documents": one[stages.SPLIT].figures["heldout"],
        "dropped": dropped,
        "funnels": [asdict(funnel) for funnel in surveyed.funnels],
        "vocabulary": one[stages.TOKENIZER].figures["vocabulary"],
        "train_tokens": one[stages.TOKENS].figures["train_tokens"],
        "bytes_per_token": round(
            one[stages.TOKENS].figures["train_bytes"] / one[stages.TOKENS].figures["train_tokens"], 3
        ),
        "bytes_per_token_by_language": by_language(one[stages.TOKENS].figures),
        "training": dict(one[stages.CHECKPOINT].figures),
        "scores": scores,
        "core": compute_core(scores),
        "learning_curve": next((read_curve(lake, m) for m in manifests if m.stage == stages.LEARNING_CURVE), None),
        "stages": [
            {
                "stage": manifest.stage,
                "partition": manifest.partition,
                "kept": manifest.counts.kept,
                "records_in": manifest.counts.records_in,
                "bytes": manifest.total_bytes,
                "address": manifest.address,
                "digest": manifest.digest,
                "seconds": lake.read_run(manifest).get("seconds"),
            }
            for manifest in manifests
        ],
        "sample": json.loads(lake.fs.cat_file(f"{lake.folder(one['checkpoint'])}/sample/sample.json")),
    }


def _manifests(context: dg.AssetExecutionContext, lake: Lake) -> list[Manifest]:
    """Every dataset that the scores depend on, upstream first."""
    recipe = context.partition_key
    found = latest(context.instance, stages.UNIQUE, recipe)
    assert found is not None, "scores depend on unique"
    keys: list[str] = found["crawls"]
    manifests = [upstream(context, lake, asset, key) for asset in (stages.CRAWL, stages.DOCUMENTS) for key in keys]
    for asset in (stages.CLEAN, stages.TRIMMED, stages.SIGNATURES):
        found_here = [upstream(context, lake, asset, str(crawl_recipe_key(key, recipe))) for key in keys]
        manifests += [manifest for manifest in found_here if manifest.stage == asset]  # else the recipe leaves it out
    manifests += [*upstreams(context, lake, stages.UNIQUE), *upstreams(context, lake, stages.CONTAMINATION)]
    manifests += [upstream(context, lake, asset) for asset in LINE]
    model = manifests[-1]
    points = latest(context.instance, stages.LEARNING_CURVE, recipe)
    if points is not None:
        manifests += [curve for curve in datasets_of(lake, points) if is_of(curve, model)]
    return [*manifests, *score_manifests(context, lake, model).values()]


def _languages(manifests: Sequence[Manifest]) -> dict[str, int]:
    prefix = "language:"
    found: Counter[str] = Counter()
    for manifest in manifests:
        found.update({name[len(prefix) :]: n for name, n in manifest.figures.items() if name.startswith(prefix)})
    return most_first(found)


def _headline(found: dict[str, Any]) -> dict[str, Any]:
    numbers = {name: found[name] for name in ("pages", "documents", "clean", "unique", "train_tokens")}
    values = {task: result["score"]["value"] for task, result in found["scores"].items() if result["score"]}
    return {**numbers, **values, **({"core": found["core"]["value"]} if found["core"] else {})}


def render(
    lake: Lake,
    manifests: Sequence[Manifest],
    found: dict[str, Any],
    surveyed: Survey,
    duplicates: Duplicates,
    matched: Matched | None,
) -> str:
    """The page: self-contained, and what pages wrote is escaped."""
    funnel = {
        "pages": found["pages"],
        "with text": found["documents"],
        "clean": found["clean"],
        "unique": found["unique"],
        "training": found["train_documents"],
        "held out": found["heldout_documents"],
    }
    one = {manifest.stage: manifest for manifest in manifests if manifest.stage in LINE}
    page = templates().get_template("report.html")
    return page.render(
        report=found,
        funnel=bars(funnel, "pages"),
        drops={stage: bars(most_first(reasons), "records") for stage, reasons in found["dropped"].items() if reasons},
        survey=surveyed,
        duplicates=duplicates,
        curve=curve_svg(found["learning_curve"]) if (found["learning_curve"] or {}).get("points") else None,
        contamination=matched,
        loss=loss_curve(read_metrics(lake, one[stages.CHECKPOINT])),
        kept=[
            sample
            for manifest in manifests
            if manifest.stage == stages.UNIQUE
            for sample in kept_samples(lake, manifest, KEPT)
        ],
    )

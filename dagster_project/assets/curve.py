"""Learning curve: the scores of a run's checkpoints, which one process asks all alike."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import dagster as dg

from corpus.lake import stages
from corpus.lake.manifest import Counts, Manifest, canonical_json
from corpus.lake.stage import Outcome, Stage, publish_once
from corpus.lake.store import Lake
from dagster_project import checks
from dagster_project.assets.model import run_module
from dagster_project.assets.scores import LIBRARIES, Data, ScoreConfig, benchmark_data, check_benchmark, held_out_data
from dagster_project.folders import local_folder
from dagster_project.lineage import upstream
from dagster_project.metadata.figures import Band, bands, markdown_image
from dagster_project.metadata.materialized import describe_datasets
from dagster_project.resources import LakeResource
from dagster_project.stage_assets import stage_asset
from training.evaluation.catalog import HELD_OUT, PREPARED, TASKS

STAGE = stages.LEARNING_CURVE
VERSION = 2
MODULE = "training.evaluation.curve"
# The first items of each task: a checkpoint takes a few seconds on two cores, and all are asked the same.
ITEMS, DOCUMENTS = 100, 12


@dataclass(frozen=True, kw_only=True)
class CurveConfig:
    """The definitions of the tasks, and how many of their items are asked."""

    definitions: dict[str, str]
    limits: dict[str, int]
    threads: int = ScoreConfig.threads


@stage_asset(STAGE, group="scores", kinds={"pytorch"}, version=VERSION, checked=(checks.DIGESTS,))
def learning_curve(context: dg.AssetExecutionContext, lake: LakeResource) -> dg.MaterializeResult:
    """Scores by step and by tokens read, of the held-out tasks and of every benchmark that has been materialized, with
    their centred mean."""
    opened = lake.open(context.partition_key)
    asked = {task.name: held_out_data(context, opened, task.name) for task in HELD_OUT}
    asked |= {task.name: data for task in PREPARED if (data := benchmark_data(context, opened, task.name))}
    outcome = _curve(
        opened,
        upstream(context, opened, stages.CHECKPOINT),
        {task: data for task, data in asked.items() if data.path is not None},
    )
    found = read_curve(opened, outcome.manifest)
    extra: dict[str, Any] = {"checkpoints": len(found["points"])}
    if found["tasks"]:
        extra["curve"] = dg.MetadataValue.md(markdown_image(curve_svg(found), "scores by tokens read"))
        extra["items"] = ", ".join(f"{task} {about['n']}" for task, about in found["tasks"].items())
    for point in found["points"]:
        for name, one in _with_core(point).items():
            extra[f"{name} at step {point['step']}"] = one["value"]
    return describe_datasets(opened, outcome, [checks.digests(opened, outcome.manifest)], extra=extra)


def _curve(lake: Lake, model: Manifest, asked: Mapping[str, Data]) -> Outcome:
    limits = {task: DOCUMENTS if TASKS[task].kind == "document" else ITEMS for task in asked}
    stage = Stage(
        name=STAGE,
        partition=model.partition,
        version=VERSION,
        config=CurveConfig(definitions={task: TASKS[task].definition for task in asked}, limits=limits),
        datasets=[model, *{data.manifest.name: data.manifest for data in asked.values()}.values()],
        libraries=LIBRARIES,
    )

    def make() -> tuple[Manifest, dict[str, Any]]:
        cache = local_folder(lake, "cache")
        flags = ["--checkpoint", str(lake.local_copy(model, "model", cache)), "--threads", str(stage.config.threads)]
        if model.of_kind("along"):
            flags += ["--checkpoint", str(lake.local_copy(model, "along", cache))]
        for task, data in asked.items():
            if TASKS[task] in PREPARED:
                check_benchmark(task, data)
            flags += ["--task", task, "--data", str(data.path), "--limit", str(limits[task])]
        with lake.scratch() as scratch:
            if asked:
                run_module(MODULE, *flags, "--out", str(scratch))
            else:  # too few held-out pages to ask anything of
                (scratch / "curve.json").write_bytes(canonical_json({"tasks": {}, "points": []}))
            rows = len(json.loads((scratch / "curve.json").read_bytes())["points"])
            folder = lake.path(STAGE, stage.address)
            files = [lake.put(path, folder, f"curve/{path.name}", rows) for path in sorted(scratch.iterdir())]
        return stage.manifest(files, Counts(records_in=0, kept=0)), {}

    return publish_once(lake, stage, make)


def read_curve(lake: Lake, manifest: Manifest) -> dict[str, Any]:
    """The content of curve.json: what each task is, and of each checkpoint its step, tokens read, scores and core."""
    found: dict[str, Any] = json.loads(lake.fs.cat_file(f"{lake.folder(manifest)}/curve/curve.json"))
    return found


def _with_core(point: Mapping[str, Any]) -> dict[str, Any]:
    return {**point["scores"], **({"core": point["core"]} if point["core"] else {})}


def curve_svg(found: Mapping[str, Any]) -> str:
    """A panel a task and one of the centred mean, by tokens read, with chance where there is one."""
    lines: dict[str, list[tuple[float, float, float, float]]] = {}
    for point in found["points"]:
        for name, one in _with_core(point).items():
            lines.setdefault(name, []).append((point["tokens"], one["value"], one["low"], one["high"]))
    levels = {"core": 0.0, **{task: about["chance"] for task, about in found["tasks"].items()}}
    return bands({name: Band(points, levels[name]) for name, points in lines.items()}, "tokens read")

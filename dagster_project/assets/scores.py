"""Scores: one asset a benchmark, recomputed when the checkpoint, the items or the task change, and only then.

What evaluates runs in a process of its own and reads what is published, never the folder of a run: whatever becomes of
it, a training run and its checkpoint stay as they are. On which device it ran is no part of the address, as the
machine is none: results agree within a stated tolerance, and the first one stands.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import dagster as dg
import pyarrow as pa

from corpus.audit.contamination import matches
from corpus.contamination.policy import matched_items
from corpus.lake import stages
from corpus.lake.manifest import Counts, Manifest, canonical_json
from corpus.lake.stage import Outcome, Stage, publish_once
from corpus.lake.store import Lake, file_sha256
from dagster_project import checks
from dagster_project.assets.benchmarks import benchmark, find_task
from dagster_project.assets.document_stages import contamination, items, split
from dagster_project.assets.model import checkpoint, run_module
from dagster_project.assets.token_stages import shards
from dagster_project.folders import local_folder
from dagster_project.lineage import BENCHMARK_SCORE, datasets_of, latest, upstream, upstreams
from dagster_project.metadata.figures import markdown_table
from dagster_project.metadata.materialized import describe_datasets
from dagster_project.partitions import BENCHMARK, RECIPE, benchmark_recipe_key, key_in
from dagster_project.resources import LakeResource
from dagster_project.stage_assets import stage_asset
from training.evaluation.catalog import HELD_OUT, PREPARED, TASKS
from training.evaluation.task import Task

VERSION = 3
LIBRARIES = {name: version(name) for name in ("lm_eval", "numpy", "scipy", "tokenizers", "torch")}
MODULE = "training.evaluation.score"


@dataclass(frozen=True, kw_only=True)
class ScoreConfig:
    """What of a task decides its score. `threads`: the order of a sum, and so a score's last bit, follows them."""

    task: str
    version: int
    definition: str
    threads: int = 2


@dataclass(frozen=True, kw_only=True)
class Data:
    """What a task reads: a file or folder, and the dataset that says of which bytes. No file: no items in it."""

    path: Path | None
    manifest: Manifest


def stage_of(task: Task, model: Manifest, *read: Manifest) -> Stage:
    """A score by all that decides it."""
    return Stage(
        name=stages.SCORE,
        partition=f"{task.name}:{model.partition}",
        version=VERSION,
        config=ScoreConfig(task=task.name, version=task.version, definition=task.definition),
        datasets=[model, *read],
        libraries=LIBRARIES,
    )


def held_out_source(task: str) -> dg.AssetsDefinition:
    return split if task == "bits_per_byte" else items


def held_out_data(context: dg.AssetExecutionContext, lake: Lake, task: str) -> Data:
    """Of the recipe's own held-out pages."""
    manifest = upstream(context, lake, held_out_source(task).key.to_user_string())
    kind = "heldout" if task == "bits_per_byte" else task
    some = any(entry.rows for entry in manifest.of_kind(kind))
    return Data(path=lake.local_copy(manifest, kind, local_folder(lake, "cache")) if some else None, manifest=manifest)


def benchmark_data(context: dg.AssetExecutionContext, lake: Lake, task: str) -> Data | None:
    """Of the files that the benchmark was last materialized with, or None. They stay where they are; `check` says
    whether they are what they were."""
    found = latest(context.instance, stages.BENCHMARK, task)
    if found is None:
        return None
    [manifest] = datasets_of(lake, found)
    return Data(path=Path(str(found["path"])), manifest=manifest)


def check_benchmark(task: str, data: Data) -> None:
    """Raises dg.Failure when a file is not what it was: a score must not pass for one of other items."""
    assert data.path is not None
    for name, digest in data.manifest.inputs.items():
        file = data.path / name if data.path.is_dir() else data.path
        if not file.is_file() or file_sha256(file) != digest:
            raise dg.Failure(f"{file} is not what benchmark [{task}] was made of: materialize that again")


def _held_out_asset(task: str) -> dg.AssetsDefinition:
    @stage_asset(
        stages.SCORE,
        key=["scores", task],
        deps=[checkpoint.key, shards.key, held_out_source(task).key],
        group="scores",
        kinds={"pytorch"},
        version=VERSION,
        checked=(checks.DIGESTS, checks.INTERVAL),
        description=f"{task} on the held-out pages, beside the untrained model and a unigram.",
    )
    def score(context: dg.AssetExecutionContext, lake: LakeResource) -> dg.MaterializeResult:
        opened = lake.open(context.partition_key)
        model, tars = upstream(context, opened, stages.CHECKPOINT), upstream(context, opened, stages.SHARDS)
        return _shown(opened, _score(opened, TASKS[task], model, held_out_data(context, opened, task), tars))

    return score


@stage_asset(
    stages.SCORE,
    key=[BENCHMARK_SCORE],
    deps=[checkpoint.key, contamination.key, benchmark.key],
    group="scores",
    kinds={"pytorch"},
    version=VERSION,
    checked=(checks.DIGESTS, checks.INTERVAL),
)
def benchmark_score(context: dg.AssetExecutionContext, lake: LakeResource) -> dg.MaterializeResult:
    """What a recipe's model scores on a benchmark that somebody gave the files of."""
    task, recipe = key_in(context, BENCHMARK), key_in(context, RECIPE)
    opened = lake.open(recipe)
    data = benchmark_data(context, opened, find_task(task).name)
    if data is None:
        raise dg.Failure(f"benchmark [{task}] was never materialized: materialize it with the path of its files")
    outcome = _score(opened, TASKS[task], upstream(context, opened, stages.CHECKPOINT, recipe), data, None)
    return _shown(opened, outcome, upstreams(context, opened, stages.CONTAMINATION, recipe))


def _score(lake: Lake, task: Task, model: Manifest, data: Data, tars: Manifest | None) -> Outcome:
    """`tars`: the shards, where the untrained model and a unigram of them are asked too."""
    stage = stage_of(task, model, data.manifest, *([tars] if tars else []))

    def make() -> tuple[Manifest, dict[str, Any]]:
        with lake.scratch() as scratch:
            result = _evaluate(lake, task, model, data, tars, scratch)
            n, folder = result["n"], lake.path(stage.name, stage.address)
            paths = sorted(path for path in (scratch / task.name).iterdir())
            files = [lake.put(path, folder, f"{path.stem}/{path.name}", n) for path in paths]
        return stage.manifest(files, Counts(records_in=n, kept=n), {"n": n}), {}

    return publish_once(lake, stage, make)


def _evaluate(lake: Lake, task: Task, model: Manifest, data: Data, tars: Manifest | None, out: Path) -> dict[str, Any]:
    """Fills OUT/<task> and returns what score.json there holds."""
    written = out / task.name / "score.json"
    if data.path is None:
        # Too few held-out pages to ask anything of: said, and not a reason to lose the other scores.
        nothing = {"task": task.name, "metric": task.main, "higher_is_better": task.higher_is_better, "n": 0}
        nothing |= {"definition": task.definition, "chance": None, "score": None, "metrics": {}, "groups": {}}
        written.parent.mkdir()
        written.write_bytes(canonical_json({**nothing, "beside": {}}))
        return nothing
    if tars is None:
        check_benchmark(task.name, data)
    cache = local_folder(lake, "cache")
    flags = ["--checkpoint", str(lake.local_copy(model, "model", cache)), "--task", task.name]
    flags += ["--data", str(data.path), "--out", str(out), "--threads", str(ScoreConfig.threads)]
    if tars is not None:
        flags += ["--shards", str(lake.local_copy(tars, "train", cache))]
    run_module(MODULE, *flags)
    found: dict[str, Any] = json.loads(written.read_bytes())
    if found["definition"] != task.definition:
        raise dg.Failure(f"{task.name} changed while Dagster ran: reload its code, then materialize again")
    return found


def _shown(lake: Lake, outcome: Outcome, looked: Sequence[Manifest] = ()) -> dg.MaterializeResult:
    result = read_score(lake, outcome.manifest)
    results = [checks.digests(lake, outcome.manifest), checks.interval(result["n"], result["score"])]
    extra = _numbers(result)
    aside = without_matched(lake, outcome.manifest, result, looked)
    if aside is not None:
        extra |= {"matched": result["n"] - aside["n"]}
        bounds = {name: aside["score"][name] for name in ("value", "low", "high")} if aside["score"] else {}
        extra |= {f"without_matched_{name}": value for name, value in bounds.items()}
    return describe_datasets(lake, outcome, results, extra=extra)


def without_matched(
    lake: Lake, manifest: Manifest, result: Mapping[str, Any], looked: Sequence[Manifest]
) -> dict[str, Any] | None:
    """The score of the items that no document holds, whether it was trained on or left out, and `n` of them; None
    where the items that were asked were not looked for in the documents."""
    task = result["task"]
    name = f"{stages.BENCHMARK}/{task}"
    asked = manifest.sources.get(name)
    looked = [one for one in looked if asked is not None and one.sources.get(name) == asked]
    if not looked:
        return None
    from training.significance.results import estimate_without  # scipy, which is slow to import

    items = pa.concat_tables(lake.read(manifest, "items", ["item_id", "cluster", "value", "weight"]))
    return estimate_without(items, matched_items(matches(lake, looked), task))


def _numbers(result: Mapping[str, Any]) -> dict[str, Any]:
    """What Dagster plots from materialization to materialization, and a table of the groups where there are some."""
    found: dict[str, Any] = {"n": result["n"], "metric": result["metric"], "definition": result["definition"]}
    for name, one in (("score", result["score"]), *result["beside"].items()):
        found |= {f"{name}_{bound}": value for bound, value in (one or {}).items() if bound in ("low", "high")}
        if one is not None:
            found[name] = one["value"]
    found |= {f"metric:{name}": one["value"] for name, one in result["metrics"].items()}
    if result["chance"] is not None:
        found["chance"] = result["chance"]
    found |= {"ties": result["ties"]} if result.get("ties") is not None else {}
    found |= {"texts_lost": result["lost"]["texts"]} if result.get("lost") else {}
    if result["groups"]:
        found["groups"] = dg.MetadataValue.md(_group_table(result))
    return found


def _group_table(result: Mapping[str, Any]) -> str:
    """A row a group: what it belongs to where the benchmark says so, and where there are choices the value with ties
    shared and their number."""
    above, tied = result["above"][::-1], result["ties"] is not None
    rows = []
    for group, one in result["groups"].items():
        row = [*(one["of"][name] for name in above), group, one["n"], f"{one['value']:.4f}"]
        rows.append(row + ([f"{one['shared']:.4f}", one["ties"]] if tied else []))
    heads = [*above, "group", "n", str(result["metric"]), *(["ties shared", "ties"] if tied else [])]
    return markdown_table(heads, rows)


def read_score(lake: Lake, manifest: Manifest) -> dict[str, Any]:
    """The content of score.json: task, metric, n, chance; value, low and high of score and what is beside it."""
    found: dict[str, Any] = json.loads(lake.fs.cat_file(f"{lake.folder(manifest)}/score/score.json"))
    return found


def is_of(manifest: Manifest, model: Manifest) -> bool:
    """Whether a score or curve is of this checkpoint, or of one with the same weights."""
    return manifest.inputs.get(model.name) == model.content(stages.kinds_read(manifest.stage, model.stage))


def score_manifests(context: dg.AssetExecutionContext, lake: Lake, model: Manifest) -> dict[str, Manifest]:
    """The last scores of a checkpoint by task, those there are: one of another checkpoint is none of this."""
    found = {}
    for task in TASKS:
        recipe = context.partition_key
        asked = TASKS[task] in PREPARED
        asset, key = (BENCHMARK_SCORE, benchmark_recipe_key(task, recipe)) if asked else (f"scores/{task}", recipe)
        metadata = latest(context.instance, asset, str(key))
        if metadata is not None:
            [manifest] = datasets_of(lake, metadata)
            if is_of(manifest, model):
                found[task] = manifest
    return found


held_out_scores = [_held_out_asset(task.name) for task in HELD_OUT]

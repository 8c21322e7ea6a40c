"""Fine-tuned: the models that a recipe's model becomes for tasks of their own, and what they score.

finetuned         model/     as training/finetune.py leaves it; not there of folds
                  result/    score.json, items.parquet, predictions.jsonl
finetuned_score   score/     score.json
                  items/     items.parquet: as of a benchmark's score, of a task a dataset
"""

import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import dagster as dg

from corpus.lake import stages
from corpus.lake.manifest import Counts, Manifest, canonical_json
from corpus.lake.stage import Outcome, Stage, publish_once
from corpus.lake.store import Lake
from dagster_project import checks
from dagster_project.assets.model import torchrun
from dagster_project.assets.scores import read_score
from dagster_project.folders import local_folder
from dagster_project.lineage import DATASETS, upstream, upstreams
from dagster_project.metadata.figures import curve, markdown_image, markdown_table
from dagster_project.metadata.materialized import describe_datasets
from dagster_project.resources import LakeResource
from dagster_project.stage_assets import stage_asset
from recipes.files import load_recipe
from recipes.finetune import FinetuneConfig
from training.finetuning.plan import FinetunePlan

VERSION, SCORE_VERSION = 3, 2
LIBRARIES = {name: version(name) for name in ("numpy", "tokenizers", "torch", "transformers")}
RESULT = ("items.parquet", "predictions.jsonl", "score.json")
PREFIX = "finetune."  # of the name that the recipe has for a task: a score's task
LAST_LINES = 5  # of a fine-tuning that failed


@dataclass(frozen=True, kw_only=True)
class Decided:
    """All that decides a fine-tuning beside the model and the examples."""

    plan: FinetunePlan
    columns: tuple[str, ...]
    fields: Mapping[str, str]


@stage_asset(
    stages.FINETUNED,
    group="model",
    kinds={"pytorch", "huggingface"},
    version=VERSION,
    checked=(checks.DIGESTS,),
    pool="training",
)
def finetuned(context: dg.AssetExecutionContext, lake: LakeResource) -> dg.MaterializeResult:
    """The recipe's model, fine-tuned for each task that the recipe names: folders that transformers loads."""
    opened = lake.open(context.partition_key)
    model = upstream(context, opened, stages.CHECKPOINT)
    outcomes = [_finetune(opened, model, one) for one in load_recipe(opened, context.partition_key).finetune]
    return _described(opened, outcomes, [checks.digests(opened, *(one.manifest for one in outcomes))], {})


@stage_asset(
    stages.FINETUNED_SCORE,
    group="scores",
    kinds={"json"},
    version=SCORE_VERSION,
    checked=(checks.DIGESTS,),
)
def finetuned_score(context: dg.AssetExecutionContext, lake: LakeResource) -> dg.MaterializeResult:
    """What the fine-tuned models score, each beside a baseline that needs no model."""
    opened = lake.open(context.partition_key)
    outcomes = [_score(opened, one) for one in upstreams(context, opened, stages.FINETUNED)]
    shown: dict[str, Any] = {}
    for outcome in outcomes:
        shown |= _shown(read_score(opened, outcome.manifest))
    return _described(opened, outcomes, [checks.digests(opened, *(one.manifest for one in outcomes))], shown)


def _finetune(lake: Lake, model: Manifest, config: FinetuneConfig) -> Outcome:
    """Raises dg.Failure where it fails, or where an example file is not there."""
    try:
        files = config.files().digests()
    except (OSError, ValueError) as error:
        raise dg.Failure(f"finetune.{config.name}: {error}") from error
    stage = Stage(
        name=stages.FINETUNED,
        partition=f"{config.name}:{model.partition}",
        version=VERSION,
        config=Decided(plan=config.plan, columns=config.columns, fields=config.fields),
        datasets=[model],
        files=files,
        libraries=LIBRARIES | ({"opacus": version("opacus")} if config.private_epsilon else {}),
    )

    def make() -> tuple[Manifest, dict[str, Any]]:
        out, folder = local_folder(lake, "runs") / stage.address, lake.path(stage.name, stage.address)
        _run(lake, model, config, out)
        files = [lake.put(out / name, folder, f"result/{name}", 0) for name in RESULT]
        if (out / "model").is_dir():
            files += [lake.put(path, folder, f"model/{path.name}", 0) for path in sorted((out / "model").iterdir())]
        found = json.loads((out / "score.json").read_bytes())
        shutil.rmtree(out)  # it is in the lake now
        return stage.manifest(files, Counts(records_in=0, kept=0), {"n": found["n"]}), {}

    return publish_once(lake, stage, make)


def _run(lake: Lake, model: Manifest, config: FinetuneConfig, out: Path) -> None:
    command = [
        *torchrun("finetune.py", config.processes),
        *("--from", str(lake.local_copy(model, "model", local_folder(lake, "cache"))), "--out", str(out)),
        *config.flags(),
    ]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment)
    if done.returncode:
        last = [line for line in done.stdout.splitlines() if line.startswith("finetune: ")] or done.stdout.splitlines()
        said = "\n".join(last[:1] if last and last[0].startswith("finetune: ") else last[-LAST_LINES:])
        raise dg.Failure(f"finetune.{config.name} failed, its folder is {out}: {said}")


def _score(lake: Lake, made: Manifest) -> Outcome:
    stage = Stage(
        name=stages.FINETUNED_SCORE, partition=made.partition, version=SCORE_VERSION, config=None, datasets=[made]
    )

    def make() -> tuple[Manifest, dict[str, Any]]:
        result = f"{lake.folder(made)}/result"
        found = json.loads(lake.fs.cat_file(f"{result}/score.json"))
        del found["made_from"]  # it stands in the manifests
        found["task"], n = f"{PREFIX}{task_name(made)}", found["n"]
        with lake.scratch() as scratch:
            (scratch / "score.json").write_bytes(canonical_json(found))
            (scratch / "items.parquet").write_bytes(lake.fs.cat_file(f"{result}/items.parquet"))
            folder = lake.path(stage.name, stage.address)
            files = [lake.put(path, folder, f"{path.stem}/{path.name}", n) for path in sorted(scratch.iterdir())]
        return stage.manifest(files, Counts(records_in=n, kept=n), {"n": n}), {}

    return publish_once(lake, stage, make)


def task_name(manifest: Manifest) -> str:
    """By which a recipe names the fine-tuning of a dataset."""
    return manifest.partition.partition(":")[0]


def _shown(found: Mapping[str, Any]) -> dict[str, Any]:
    """What Dagster plots from materialization to materialization; the confusion matrix and the ROC curve, where there
    are some."""
    name, [baseline] = found["task"].removeprefix(PREFIX), found["beside"].values()
    shown: dict[str, Any] = {f"{name}:{metric}": one["value"] for metric, one in found["metrics"].items()}
    shown |= {f"{name}:{bound}": found["score"][bound] for bound in ("low", "high")}
    shown |= {f"{name}:baseline": baseline["value"], f"{name}:scored_on": found["scored_on"]}
    if "confusion" in found:
        rows = [(label, *counts) for label, counts in zip(found["labels"], found["confusion"], strict=True)]
        shown[f"{name}:confusion"] = dg.MetadataValue.md(markdown_table(("is, said", *found["labels"]), rows))
    if "roc" in found:
        points = list(zip(found["roc"]["false_positives"], found["roc"]["true_positives"], strict=True))
        image = markdown_image(curve({found["roc"]["of"]: points}, "false positives", "true positives"), "ROC curve")
        shown[f"{name}:roc"] = dg.MetadataValue.md(image)
    return shown


def _described(
    lake: Lake, outcomes: list[Outcome], results: list[dg.AssetCheckResult], shown: Mapping[str, Any]
) -> dg.MaterializeResult:
    if outcomes:
        return describe_datasets(lake, outcomes, results, extra=shown)
    said = "the recipe names no task under finetune (docs/finetuning.md)"
    return dg.MaterializeResult(metadata={DATASETS: [], "tasks": said}, check_results=results)

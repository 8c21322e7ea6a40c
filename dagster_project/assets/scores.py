"""Scores: one asset a benchmark, recomputed when the checkpoint, the items or the task change, and only then."""

import json
from pathlib import Path
from typing import Any

import dagster as dg

from corpus.lake import Lake
from corpus.manifest import Counts, Manifest, canonical_json
from dagster_project import checks
from dagster_project.assets.documents import items, split
from dagster_project.assets.materialized import materialized
from dagster_project.assets.model import LIBRARIES, checkpoint, run_module
from dagster_project.assets.tokens import shards
from dagster_project.lineage import upstream
from dagster_project.partitions import recipes
from dagster_project.recipes import TASKS
from dagster_project.resources import LakeResource, local_folder
from pipelines.stage import Outcome, Stage, once

VERSION = 1
THREADS = 2  # the order of a sum, and so a score's last bit, follows the thread count


def score_stage(task: str) -> str:
    return f"score_{task}"


def _score_asset(task: str) -> dg.AssetsDefinition:
    source = split if task == "bits_per_byte" else items
    name = f"scores/{task}"

    @dg.asset(
        key=name.split("/"),
        deps=[checkpoint, shards, source],
        partitions_def=recipes,
        group_name="scores",
        description=f"{task} on the held-out pages, beside the untrained model and a unigram.",
        check_specs=checks.specs(name, checks.DIGESTS),
    )
    def score(context: dg.AssetExecutionContext, lake: LakeResource) -> dg.MaterializeResult:
        opened = lake.open()
        model, tars = upstream(context, opened, "checkpoint"), upstream(context, opened, "shards")
        asked = upstream(context, opened, source.key.to_user_string())
        outcome = _score(opened, task, model, tars, asked)
        result = read_score(opened, outcome.manifest)
        extra: dict[str, Any] = {"n": result["n"], "metric": result["metric"]}
        for name, found in (("score", result["score"]), *result["beside"].items()):
            if found is not None:
                extra |= {f"{name}_{bound}": value for bound, value in found.items()}
        return materialized(opened, outcome, [checks.digests(opened, outcome.manifest)], extra=extra)

    return score


def _score(lake: Lake, task: str, model: Manifest, tars: Manifest, asked: Manifest) -> Outcome:
    stage = Stage(
        name=score_stage(task),
        partition=model.partition,
        version=VERSION,
        config=None,
        inputs={manifest.name: manifest.digest for manifest in (model, tars, asked)},
        libraries=LIBRARIES,
    )

    def make() -> tuple[Manifest, dict[str, Any]]:
        folder = lake.path(stage.name, stage.address)
        with lake.scratch() as scratch:
            _evaluate(lake, task, model, tars, asked, scratch)
            result = json.loads((scratch / "score.json").read_bytes())
            n = result["n"]
            files = [lake.put(path, folder, f"{path.stem}/{path.name}", n) for path in sorted(scratch.iterdir())]
        return Manifest(
            stage=stage.name,
            partition=stage.partition,
            code_version=stage.code_version,
            config={},
            inputs=stage.inputs,
            files=tuple(files),
            counts=Counts(records_in=n, kept=n),
            figures={"n": n},
        ), {}

    return once(lake, stage, make)


def _evaluate(lake: Lake, task: str, model: Manifest, tars: Manifest, asked: Manifest, out: Path) -> None:
    cache = local_folder(lake, "cache")
    kind = "heldout" if task == "bits_per_byte" else task
    folder = lake.local_copy(asked, kind, cache)
    files = [str(folder / Path(entry.path).name) for entry in asked.of_kind(kind) if entry.rows]
    if not files:
        # Too few held-out pages to ask anything of: said, and not a reason to lose the other scores.
        nothing = {"task": task, "metric": None, "higher_is_better": None, "n": 0, "chance": None}
        (out / "score.json").write_bytes(canonical_json({**nothing, "score": None, "beside": {}}))
        return
    flags = ["--checkpoint", str(lake.local_copy(model, "model", cache)), "--task", task]
    flags += ["--data", str(folder)]
    flags += ["--shards", str(lake.local_copy(tars, "train", cache)), "--out", str(out), "--threads", str(THREADS)]
    run_module("training.evaluation.score", *flags)
    for path in (out / task).iterdir():
        path.rename(out / path.name)
    (out / task).rmdir()


def read_score(lake: Lake, manifest: Manifest) -> dict[str, Any]:
    """The content of score.json: task, metric, n, chance; value, low and high of score and what is beside it."""
    found: dict[str, Any] = json.loads(lake.fs.cat_file(f"{lake.folder(manifest)}/score/score.json"))
    return found


scores = [_score_asset(task) for task in TASKS]

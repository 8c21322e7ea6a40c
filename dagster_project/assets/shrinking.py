"""Shrunk: the smaller models that a recipe's model becomes, each with what it lost (docs/shrinking.md).

shrunk     model/     as `headwater shrink` leaves it
           score/     score.json
           items/     items.parquet: bits per byte of the held-out pages, as of a score; not there where there are none
"""

import json
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import dagster as dg

from corpus.lake import stages
from corpus.lake.manifest import Counts, Manifest, canonical_json
from corpus.lake.stage import Outcome, Stage, publish_once
from corpus.lake.store import Lake
from dagster_project import checks
from dagster_project.assets.model import checkpoint, run_module
from dagster_project.assets.scores import MODULE as SCORE_MODULE
from dagster_project.assets.scores import Data, ScoreConfig, held_out_data, is_of, read_score
from dagster_project.assets.token_stages import shards
from dagster_project.folders import local_folder
from dagster_project.lineage import DATASETS, RECIPE, upstream
from dagster_project.metadata.figures import markdown_table
from dagster_project.metadata.materialized import describe_datasets
from dagster_project.resources import LakeResource
from dagster_project.stage_assets import stage_asset
from recipes.files import load_recipe
from recipes.shrink import ShrinkConfig
from recipes.values import show
from training.checkpoints.start import open_start
from training.compress.plan import ShrinkSettings
from training.evaluation.catalog import TASKS

VERSION = 1
MODULE, TASK = "training.compress.shrinking", TASKS["bits_per_byte"]
LIBRARIES = {name: version(name) for name in ("lm_eval", "numpy", "safetensors", "scipy", "tokenizers", "torch")}
PREFIX = "shrink."  # of the name that the recipe has for a model: a score's task
BEFORE = dg.AssetKey(["scores", TASK.name])
HEADER = ("model", "settings", "weights", "bits a weight", "MB", TASK.name, "difference", "95 %")


@dataclass(frozen=True, kw_only=True)
class Decided:
    """All that decides a smaller model beside what it is made of. `threads`: the order of sums follows them."""

    settings: ShrinkSettings
    distill: bool
    threads: int = ScoreConfig.threads


@dataclass(frozen=True, kw_only=True)
class Sources:
    """What every smaller model of a recipe is made of, and asked. `before`: the score of the model itself."""

    model: Manifest
    tars: Manifest
    pages: Data
    before: Manifest


@stage_asset(
    stages.SHRUNK,
    deps=[checkpoint.key, shards.key, dg.AssetKey(stages.SPLIT), BEFORE, dg.AssetKey(RECIPE)],
    group="model",
    kinds={"pytorch", "huggingface"},
    version=VERSION,
    checked=(checks.DIGESTS,),
    pool="training",
    automation_condition=None,  # for whoever asks
)
def shrunk(context: dg.AssetExecutionContext, lake: LakeResource) -> dg.MaterializeResult:
    """The smaller models that the recipe names, of fewer layers or heads, zeros or integers, and what each lost."""
    opened = lake.open(context.partition_key)
    made_of = Sources(
        model=upstream(context, opened, stages.CHECKPOINT),
        tars=upstream(context, opened, stages.SHARDS),
        pages=held_out_data(context, opened, TASK.name),
        before=upstream(context, opened, BEFORE.to_user_string()),
    )
    if not (is_of(made_of.before, made_of.model) and is_of(made_of.before, made_of.pages.manifest)):
        raise dg.Failure(f"{BEFORE.to_user_string()} is of another checkpoint or of other pages: materialize it first")
    outcomes = [_shrink(opened, made_of, one) for one in load_recipe(opened, context.partition_key).shrink]
    results = [checks.digests(opened, *(one.manifest for one in outcomes))]
    if not outcomes:
        said = "the recipe names no model under shrink (docs/shrinking.md)"
        return dg.MaterializeResult(metadata={DATASETS: [], "models": said}, check_results=results)
    found = [describe_shrunk(one.manifest) for one in outcomes]
    extra: dict[str, Any] = {"models": dg.MetadataValue.md(markdown_table(HEADER, [_cells(one) for one in found]))}
    for one in found:
        extra |= {f"{one['name']}:{key}": one["after"][key] for key in ("weights", "bytes")}
        if one["difference"]:
            extra |= {f"{one['name']}:difference": one["difference"]["value"]}
    return describe_datasets(opened, outcomes, results, extra=extra)


def _shrink(lake: Lake, made_of: Sources, config: ShrinkConfig) -> Outcome:
    """Raises dg.Failure where the model cannot be made small in this way."""
    stage = Stage(
        name=stages.SHRUNK,
        partition=f"{config.name}:{made_of.model.partition}",
        version=VERSION,
        config=Decided(settings=config.settings, distill=config.distill),
        datasets=[made_of.model, made_of.tars, made_of.pages.manifest, made_of.before],
        libraries=LIBRARIES,
    )

    def make() -> tuple[Manifest, dict[str, Any]]:
        run, folder = local_folder(lake, "runs") / stage.address, lake.path(stage.name, stage.address)
        whole = lake.local_copy(made_of.model, "model", local_folder(lake, "cache"))
        small = _make_model(lake, made_of, config, whole, run / "model")
        sizes = {"before": _sizes(whole), "after": _sizes(small)}
        with lake.scratch() as scratch:
            found = _ask(made_of.pages, small, scratch)
            found |= {"task": f"{PREFIX}{config.name}", **_beside(lake, made_of.before, scratch, found["n"])}
            (scratch / TASK.name / "score.json").write_bytes(canonical_json(found))
            files = [lake.put(path, folder, f"model/{path.name}", 0) for path in sorted(small.iterdir())]
            results = sorted((scratch / TASK.name).iterdir())
            files += [lake.put(path, folder, f"{path.stem}/{path.name}", found["n"]) for path in results]
        shutil.rmtree(run)  # it is in the lake now
        figures = {"n": found["n"], **sizes, "difference": found["difference"]}
        return stage.manifest(files, Counts(records_in=0, kept=0), figures), {}

    return publish_once(lake, stage, make)


def _make_model(lake: Lake, made_of: Sources, config: ShrinkConfig, whole: Path, out: Path) -> Path:
    """The folder `out`, which is there whole or not at all: where a run was killed later, it is not made again."""
    if not out.is_dir():
        train = lake.local_copy(made_of.tars, "train", local_folder(lake, "cache"))
        flags = ["--checkpoint", str(whole), "--out", str(out), "--shards", str(train)]
        flags += ["--settings", json.dumps(asdict(config.settings)), "--threads", str(Decided.threads)]
        try:
            run_module(MODULE, *flags, *(["--distill", str(whole)] if config.distill else []))
        except dg.Failure as error:
            raise dg.Failure(f"{PREFIX}{config.name}: {error.description}") from error
    return out


def _sizes(folder: Path) -> dict[str, float]:
    """Of a model's folder; bits a weight count its whole file of weights."""
    start = open_start(str(folder))
    weights, size = start.model.parameters, start.weights.stat().st_size
    return {"weights": weights, "bytes": size, "bits_a_weight": round(8 * size / weights, 3)}


def _ask(pages: Data, model: Path, out: Path) -> dict[str, Any]:
    """Fills OUT/bits_per_byte with the items, where there are some; what score.json there is to hold."""
    (out / TASK.name).mkdir()
    if pages.path is None:
        nothing = {"metric": TASK.main, "higher_is_better": TASK.higher_is_better, "n": 0, "score": None}
        return {**nothing, "definition": TASK.definition, "chance": None, "metrics": {}, "groups": {}}
    flags = ["--checkpoint", str(model), "--task", TASK.name, "--data", str(pages.path)]
    run_module(SCORE_MODULE, *flags, "--out", str(out), "--threads", str(Decided.threads))
    found: dict[str, Any] = json.loads((out / TASK.name / "score.json").read_bytes())
    return found


def _beside(lake: Lake, before: Manifest, scratch: Path, n: int) -> dict[str, Any]:
    """The score of the model that it was made of, and the difference to that, paired over the `n` pages."""
    if not n:
        return {"beside": {}, "difference": None}
    from training.significance.comparison import compare_results  # scipy, which is slow to import
    from training.significance.results import Results, read_results

    score, [items] = read_score(lake, before), lake.read(before, "items")
    sides = (Results(score, items), read_results(scratch / TASK.name))
    [task] = compare_results({"before": {TASK.name: sides[0]}}, {"after": {TASK.name: sides[1]}}).tasks
    names = ("a", "b", "value", "low", "high", "p", "method")
    return {
        "beside": {"before": score["score"]},
        "difference": {name: getattr(task.difference, name) for name in names},
    }


def describe_shrunk(manifest: Manifest) -> dict[str, Any]:
    """`name`, and `settings` that are not the default; `before` and `after`: weights, bytes and bits a weight;
    `difference` in bits per byte: `a` before, `b` after, its `value` with the interval; None where no page is held out.
    """
    given, ordinary = manifest.config["settings"], asdict(ShrinkSettings())
    settings = {name: given[name] for name in ordinary if given[name] != ordinary[name]}
    settings |= {"distill": True} if manifest.config["distill"] else {}
    return {
        "name": model_name(manifest),
        "settings": ", ".join(f"{name} = {show(value)}" for name, value in settings.items()),
        **{name: manifest.figures[name] for name in ("n", "before", "after", "difference")},
    }


def model_name(manifest: Manifest) -> str:
    """By which a recipe names the smaller model of a dataset."""
    return manifest.partition.partition(":")[0]


def _cells(one: Mapping[str, Any]) -> tuple[Any, ...]:
    after, apart = one["after"], one["difference"]
    sizes = (f"{after['weights']:,}", f"{after['bits_a_weight']:.2f}", f"{after['bytes'] / 1e6:.2f}")
    if apart is None:
        return (one["name"], one["settings"], *sizes, "", "", "")
    lost = (f"{apart['b']:.4f}", f"{apart['value']:+.4f}", f"{apart['low']:+.4f} to {apart['high']:+.4f}")
    return (one["name"], one["settings"], *sizes, *lost)

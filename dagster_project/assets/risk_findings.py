"""Risks: what a recipe's model may do wrong, as one table with intervals (docs/risks.md).

risks     findings/   risks.json
"""

import json
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

import dagster as dg

from corpus.cards.measured_risks import FINDINGS_FILE, read_findings
from corpus.lake import stages
from corpus.lake.manifest import Counts, Manifest
from corpus.lake.stage import Outcome, Stage, publish_once
from corpus.lake.store import Lake
from dagster_project import checks
from dagster_project.assets.model import run_module
from dagster_project.folders import local_folder
from dagster_project.lineage import upstream
from dagster_project.metadata.figures import markdown_table
from dagster_project.metadata.materialized import describe_datasets
from dagster_project.resources import LakeResource
from dagster_project.stage_assets import stage_asset
from recipes.files import load_recipe
from recipes.risks import RiskConfig
from training.risks.texts import LONGEST, first_texts_of

VERSION = 2
MODULE = "training.risks.measuring"
LIBRARIES = {name: version(name) for name in ("lm_eval", "numpy", "scikit-learn", "scipy", "tokenizers", "torch")}
THREADS = 2  # the order of a sum, and so a last bit, follows them
FILE = "risks.json"


@dataclass(frozen=True, kw_only=True)
class Decided:
    """All that decides the findings beside the model, the texts and the files."""

    texts: int
    items: int
    language: str
    longest: int = LONGEST
    threads: int = THREADS


@stage_asset(
    stages.RISKS,
    group="scores",
    kinds={"json"},
    version=VERSION,
    checked=(checks.DIGESTS,),
    automation_condition=None,  # it takes as long as scoring does: for whoever asks
)
def risks(context: dg.AssetExecutionContext, lake: LakeResource) -> dg.MaterializeResult:
    """What the recipe's model may do wrong: errors in its input, training text that it gives away, bias, bad words."""
    opened, recipe = lake.open(context.partition_key), context.partition_key
    model, split = upstream(context, opened, stages.CHECKPOINT), upstream(context, opened, stages.SPLIT)
    outcome = _measure(opened, model, split, load_recipe(opened, recipe).risks)
    rows = [
        (one["risk"], one["measure"], one["group"], f"{one['value']:.3f}", f"{one['low']:.3f} to {one['high']:.3f}")
        for one in read_findings(opened, outcome.manifest)
    ]
    table = dg.MetadataValue.md(markdown_table(("risk", "measure", "group", "value", "95 %"), rows))
    results = [checks.digests(opened, outcome.manifest)]
    return describe_datasets(opened, outcome, results, extra={"findings": table})


def _measure(lake: Lake, model: Manifest, split: Manifest, config: RiskConfig) -> Outcome:
    """Raises dg.Failure where a file is not there, or the model is none that writes text."""
    try:
        files = config.digests()
    except OSError as error:
        raise dg.Failure(str(error)) from error
    stage = Stage(
        name=stages.RISKS,
        partition=model.partition,
        version=VERSION,
        config=Decided(texts=config.texts, items=config.items, language=config.language),
        datasets=[model, split],
        files=files,
        libraries=LIBRARIES,
    )

    def make() -> tuple[Manifest, dict[str, Any]]:
        with lake.scratch() as scratch:
            texts = {
                name: first_texts_of(lake, [split], kind, config.texts)
                for name, kind in (("seen", "train"), ("unseen", "heldout"))
            }
            (scratch / "texts.json").write_text(json.dumps(texts), encoding="utf-8")
            folder = lake.local_copy(model, "model", local_folder(lake, "cache"))
            flags = ["--checkpoint", str(folder), "--texts", str(scratch / "texts.json"), "--threads", str(THREADS)]
            run_module(MODULE, *flags, "--out", str(scratch / FILE), *config.flags())
            count = len(json.loads((scratch / FILE).read_bytes())["findings"])
            file = lake.put(scratch / FILE, lake.path(stage.name, stage.address), FINDINGS_FILE, count)
        return stage.manifest([file], Counts(records_in=0, kept=0), {"findings": count}), {}

    return publish_once(lake, stage, make)

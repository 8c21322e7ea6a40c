"""Runs: a model pretrained by Headwater's own path, and fine-tuned by its own command."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import dagster as dg

from benchmarks.dedup.contestants import BENCHMARKS
from benchmarks.finetuning.tasks import READER, Data
from benchmarks.finetuning.texts import all_texts, write_texts
from benchmarks.recipe_run import model_folder, run_recipe
from corpus.lake.stages import CHECKPOINT
from corpus.text.lines import split_lines

ROOT = BENCHMARKS.parent
FOLDER, TOKENS = ROOT / "build" / "finetuning", 1_500_000
# Chosen on validation examples of SST-2, for all tasks alike. One thread each: as many run at once as there are cores.
SETTINGS = ("--epochs", "4", "--batch", "16", "--learning-rate", "0.0002", "--threads", "1")
RECIPE = """base = "base"
vocabulary.size = 8192
duplicates.scope = "off"
heldout.share = 0.01
[training]
family = "{family}"
preset = "tiny"
tokens = {tokens}
threads = 1
along = 0
"""
# Where little is read, more than 15 % may be hidden (Wettig et al. 2023).
FURTHER = {"gpt_bert": "mask_share = 0.3\n"}


def pretrain(folder: Path, family: str, tokens: int = TOKENS) -> Path:
    """The checkpoint of a family, which is computed once."""
    folder.mkdir(parents=True, exist_ok=True)
    texts = folder / "texts.jsonl"
    write_texts(texts, all_texts())
    recipe = RECIPE.format(family=family, tokens=tokens) + FURTHER.get(family, "")
    last = dg.AssetKey(CHECKPOINT)  # not scored: likelihoods take an hour
    return model_folder(run_recipe(folder / "lake", f"{family}-{tokens}", recipe, texts, last))


def write_examples(folder: Path, name: str, data: Data) -> None:
    examples = folder / "data" / name
    if not examples.is_dir():
        partial = examples.with_name(f"{name}.partial")
        partial.mkdir(parents=True, exist_ok=True)
        data.write(partial)
        partial.rename(examples)


def finetune(folder: Path, name: str, data: Data, start: Path, initial: str, seed: int) -> dict[str, Any]:
    """What score.json says, and the value and weight of each item; what is there is not computed again."""
    examples = folder / "data" / name
    out = folder / "runs" / f"{name}.{start.parent.name[:12]}.{initial}.{seed}"
    words = ["--task", data.task, "--data", str(examples), "--from", str(start), "--out", str(out)]
    attention = ["--attention", "both-sides"] if data.family == READER else []
    options = ["--initial", initial, "--seed", str(seed), *SETTINGS, *attention, *data.flags]
    command = [sys.executable, "training/finetune.py", *words, *options]
    subprocess.run(command, cwd=ROOT, check=True)
    found: dict[str, Any] = json.loads((out / "score.json").read_text())
    lines = [json.loads(line) for line in split_lines((out / "predictions.jsonl").read_text(encoding="utf-8"))]
    return {**_kept(found), "values": [one["value"] for one in lines], "weights": [one["weight"] for one in lines]}


def _kept(found: Mapping[str, Any]) -> dict[str, Any]:
    return {name: found[name] for name in ("task", "metric", "n", "score", "beside", "metrics", "examples")}

"""Variants: a model trained on docstrings of the standard library, and each way to make it smaller."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from benchmarks.dedup.contestants import BENCHMARKS
from benchmarks.train.tokens import make

ROOT = BENCHMARKS.parent
SHAPE = ("--layers", "4", "--width", "256", "--heads", "8", "--head-width", "32", "--context", "256")
PLAN = (
    "--global-batch",
    "8",
    "--micro-batch",
    "8",
    "--learning-rate",
    "0.008",
    "--threads",
    "1",
    "--dtype",
    "float32",
    "--checkpoint-every",
    "50",
)
FURTHER = 65_536  # tokens that a pruned model is trained on
BASE = "float32"


def variants(folder: Path) -> dict[str, tuple[str, ...]]:
    """By name: the options of `headwater shrink`."""
    text = ("--shards", str(folder / "train"))
    more = (*text, "--tokens", str(FURTHER), "--learning-rate", "0.002")
    taught = (*more, "--distill", str(folder / "run"))
    return {
        "int8": ("--int8",),
        "int8, dynamic": ("--int8", "--dynamic"),
        "int4, to nearest": ("--int4",),
        "int4, calibrated": ("--int4", *text),
        "int4 in groups of 16, calibrated": ("--int4", "--group", "16", *text),
        "half of the weights zero": ("--prune", "0.5"),
        "half zero, trained": ("--prune", "0.5", *more),
        "3 of 4 layers": ("--layers", "3", *text),
        "3 of 4 layers, trained": ("--layers", "3", *more),
        "3 of 4 layers, distilled": ("--layers", "3", *taught),
        "4 of 8 heads": ("--heads", "4"),
        "4 of 8 heads, trained": ("--heads", "4", *more),
        "4 of 8 heads, distilled": ("--heads", "4", *taught),
    }


def make_all(folder: Path, tokens: int) -> dict[str, Path]:
    """The folder of each, by name; what is there is not made again."""
    if not (folder / "heldout").is_dir():
        folder.mkdir(parents=True)
        make(folder)
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    data = ("--shards", folder / "train", "--tokenizer", folder / "tokenizer.json", "--out", folder / "run")
    command = [sys.executable, "training/train.py", *map(str, data), *SHAPE, *PLAN, "--tokens", str(tokens)]
    subprocess.run(command, cwd=ROOT, check=True, env=environment)
    made = {BASE: folder / "run"}
    for name, options in variants(folder).items():
        made[name] = folder / "made" / name.replace(" ", "-").replace(",", "")
        if not made[name].exists():
            words = ["shrink", str(folder / "run"), "--out", str(made[name]), "--threads", "1", *options]
            subprocess.run([sys.executable, "-m", "headwater", *words], cwd=ROOT, check=True, env=environment)
    return made

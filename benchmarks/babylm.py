"""BabyLM in small: how far models get at BLiMP that read the texts at hand within the bounds of the recipe
`babylm_strict_small`, on a CPU: `make bench-babylm`.

Texts are books, news and Wikipedia in English, less than the 10 million words that are allowed. Runs that are there are
not computed again.
"""

from __future__ import annotations

import argparse
import json
import tarfile
from collections import defaultdict
from pathlib import Path
from typing import Any

import dagster as dg
import numpy as np

from benchmarks.dedup.contestants import BENCHMARKS
from benchmarks.finetuning.texts import english_texts, write_texts
from benchmarks.proof.pages import SHARED
from benchmarks.recipe_run import model_folder, run_recipe
from corpus.lake.stages import CHECKPOINT, SCORE, SHARDS, SPLIT
from dagster_project.assets.scores import read_score
from dagster_project.lineage import BENCHMARK_SCORE
from training.checkpoints.export import read_config

ROOT = BENCHMARKS.parent
FOLDER, STORED, TABLE = (
    ROOT / "build" / "babylm",
    BENCHMARKS / "results" / "babylm.json",
    ROOT / "docs" / "babylm-measured.md",
)
TASK = "blimp"
RECIPE = """base = "babylm_strict_small"
vocabulary.size = 8192
[training]
family = "{family}"
preset = "tiny"
tokens = {tokens}
layers = 4
width = 192
heads = 3
kv_heads = 3
feed_forward = 512
context = 128
global_batch = 32
micro_batch = 32
threads = 1
along = 0
"""
ABOUT = """# BabyLM in small, measured

`make bench-babylm`: models of the preset `tiny` within the bounds of the recipe [`babylm_strict_small`](babylm.md), on
one core of a CPU: {words:,} words of books, news and Wikipedia in English, read {readings:.1f} times ({tokens:,}
tokens). Scored are all {paradigms} paradigms of BLiMP, as lm-eval does it; chance is 50.

| model | weights | hours | BLiMP | interval |
|---|---|---|---|---|
"""
# As its organisers and authors give them.
OTHERS = """| baseline of 2026, GPT-2 | 98M | | 64.39 | |
| GPT-BERT (Charpentier and Samuel 2024) | 31M | | 71.66 | |

The last two are figures of the challenge, which were not measured here: their models read ten million words ten times.

By phenomenon, the mean over its paradigms:

"""


def train(folder: Path, texts: Path, family: str, tokens: int) -> dict[str, Any]:
    """A model's score, and what it was made of."""
    name, recipe = f"{family}-{tokens}", RECIPE.format(family=family, tokens=tokens)
    data = {TASK: folder / f"{TASK}_full"}
    last = dg.AssetKey(BENCHMARK_SCORE)
    view = run_recipe(folder / "lake", name, recipe, texts, last, benchmarks=data)
    [shards], [split], [checkpoint] = (view.datasets(stage) for stage in (SHARDS, SPLIT, CHECKPOINT))
    [score] = [one for manifest in view.datasets(SCORE) if (one := read_score(view, manifest))["task"] == TASK]
    return {
        "weights": read_config(model_folder(view)).parameters,
        "tokens": int(checkpoint.figures["tokens"]),
        "words": int(split.figures["train_words"]),
        "readings": checkpoint.figures["tokens"] / shards.figures["train_tokens"],
        "seconds": view.read_run(checkpoint)["seconds"],
        **{key: score[key] for key in ("score", "groups")},
    }


def page(found: dict[str, dict[str, Any]]) -> str:
    first = next(iter(found.values()))
    about = {key: first[key] for key in ("words", "readings", "tokens")}
    lines = [ABOUT.format(paradigms=len(first["groups"]), **about)]
    for family, run in found.items():
        value, low, high = (100 * run["score"][key] for key in ("value", "low", "high"))
        cells = (family, f"{run['weights'] / 1e6:.1f}M", f"{run['seconds'] / 3600:.1f}", f"{value:.2f}")
        lines.append(f"| {' | '.join(cells)} | {low:.2f} to {high:.2f} |\n")
    lines += [OTHERS, f"| phenomenon | paradigms | {' | '.join(found)} |\n|---|---|{'---|' * len(found)}\n"]
    phenomena = {family: _by_phenomenon(run) for family, run in found.items()}
    for name, values in phenomena[next(iter(found))].items():
        means = (f"{100 * np.mean(by[name]):.1f}" for by in phenomena.values())
        lines.append(f"| {name.replace('_', ' ')} | {len(values)} | {' | '.join(means)} |\n")
    return "".join(lines)


def _by_phenomenon(run: dict[str, Any]) -> dict[str, list[float]]:
    """Of each, the scores of its paradigms."""
    found = defaultdict(list)
    for paradigm in run["groups"].values():
        found[paradigm["of"]["phenomenon"]].append(paradigm["value"])
    return dict(sorted(found.items()))


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.babylm", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--families", nargs="+", default=["gpt_bert", "gpt2"], help="(default: gpt_bert gpt2)")
    parser.add_argument("--tokens", type=int, default=8_000_000, help="that each reads (default: %(default)s)")
    parser.add_argument("--folder", type=Path, default=FOLDER, help="texts and lake (default: %(default)s)")
    args = parser.parse_args()
    args.folder.mkdir(parents=True, exist_ok=True)
    texts, found = args.folder / "texts.jsonl", {}
    write_texts(texts, english_texts())
    if not (args.folder / f"{TASK}_full").is_dir():
        with tarfile.open(SHARED / "bench" / "blimp_full.tar.gz") as archive:
            archive.extractall(args.folder, filter="data")
    for family in args.families:
        found[family] = train(args.folder, texts, family, args.tokens)
        STORED.write_text(json.dumps(found, indent=1) + "\n")
        TABLE.write_text(page(found))


if __name__ == "__main__":
    main()

"""Families: language models of every causal family on the same shards, with the same tokens, and in the same time.

`make bench-families`. All have the preset `tiny` and one seed. The texts are those of benchmarks/finetuning. In the
first column of scores each reads so many tokens; in the second so many as it reads in the time that the first family
takes, by its speed in the first. Speeds are ratios within one run of this program; runs that are there are not computed
again.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import dagster as dg

from benchmarks.dedup.contestants import BENCHMARKS
from benchmarks.finetuning.texts import all_texts, write_texts
from benchmarks.recipe_run import model_folder, run_recipe
from corpus.lake.stages import CHECKPOINT, SCORE
from dagster_project.assets.scores import read_score
from training.checkpoints.export import read_config
from training.models.families import FAMILIES

ROOT = BENCHMARKS.parent
FOLDER, STORED, TABLE = (
    ROOT / "build" / "families",
    BENCHMARKS / "results" / "families.json",
    ROOT / "docs" / "families-measured.md",
)
CAUSAL = [name for name, config in FAMILIES.items() if config.CAUSAL]
TASK = "bits_per_byte"
RECIPE = """base = "base"
vocabulary.size = 4096
duplicates.scope = "off"
heldout.share = 0.02
[training]
family = "{family}"
tokens = {tokens}
threads = 1
along = 0
"""
ABOUT = """# Families of language models, measured

`make bench-families`: language models of {count} families on the same shards (books, news and Wikipedia in English,
articles in Chinese; a vocabulary of 4,096 tokens), each with the preset `tiny`, Muon and one seed, in bits per byte of
held-out documents; lower is better. First all read {tokens:,} tokens; then each reads as many as it can in the time
that {first} took for them, which is {seconds:.0f} s.

| family | weights | bits a byte | interval | speed beside {first} | tokens in equal time | bits a byte | interval |
|---|---|---|---|---|---|---|---|
"""


def train(folder: Path, texts: Path, family: str, tokens: int) -> dict[str, Any]:
    """A model's weights, score and seconds of training."""
    recipe, last = RECIPE.format(family=family, tokens=tokens), dg.AssetKey(["scores", TASK])
    view = run_recipe(folder / "lake", f"{family}-{tokens}", recipe, texts, last)
    [checkpoint] = view.datasets(CHECKPOINT)
    found = (read_score(view, one) for one in view.datasets(SCORE))
    score = next(one["score"] for one in found if one["task"] == TASK)
    return {
        "tokens": int(checkpoint.figures["tokens"]),
        "seconds": view.read_run(checkpoint)["seconds"],
        "weights": read_config(model_folder(view)).parameters,
        "score": {key: score[key] for key in ("value", "low", "high")},
    }


def page(found: dict[str, Any]) -> str:
    first = found["families"][0]
    reference = found["equal_tokens"][first]
    lines = [
        ABOUT.format(
            count=len(found["families"]), tokens=reference["tokens"], first=first, seconds=reference["seconds"]
        )
    ]
    for family in found["families"]:
        one, other = found["equal_tokens"][family], found["equal_time"].get(family)
        speed = reference["seconds"] / one["seconds"] * one["tokens"] / reference["tokens"]
        cells = [family, f"{one['weights']:,}", *_score(one), f"{speed:.2f}"]
        cells += [f"{other['tokens']:,}", *_score(other)] if other else ["", "", ""]
        lines.append(f"| {' | '.join(cells)} |\n")
    return "".join(lines)


def _score(run: dict[str, Any]) -> list[str]:
    score = run["score"]
    return [f"{score['value']:.4f}", f"{score['low']:.4f} to {score['high']:.4f}"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tokens", type=int, default=1_500_000, help="(default: %(default)s)")
    parser.add_argument("--folder", type=Path, default=FOLDER, help="texts and lake (default: %(default)s)")
    args = parser.parse_args()
    args.folder.mkdir(parents=True, exist_ok=True)
    texts = args.folder / "texts.jsonl"
    write_texts(texts, all_texts())
    found: dict[str, Any] = {"families": CAUSAL, "equal_tokens": {}, "equal_time": {}}
    for family in CAUSAL:
        found["equal_tokens"][family] = train(args.folder, texts, family, args.tokens)
    reference = found["equal_tokens"][CAUSAL[0]]
    for family in CAUSAL:
        one = found["equal_tokens"][family]
        tokens = round(one["tokens"] * reference["seconds"] / one["seconds"])
        found["equal_time"][family] = one if family == CAUSAL[0] else train(args.folder, texts, family, tokens)
        STORED.write_text(json.dumps(found, indent=1) + "\n")
        TABLE.write_text(page(found))


if __name__ == "__main__":
    main()

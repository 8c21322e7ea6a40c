"""Does a model give away a secret that stood in its training text once, four times, sixteen times, and when the texts
that held it are forgotten? `make bench-canaries`.

News and Wikipedia, cut to equal length, with secrets planted by `headwater canaries`; a model of the preset `tiny` that
reads them several times; its exposure of each secret (docs/risks.md); then `headwater forget` of the hosts of all
secrets, which trains the model again, and the same measure. Runs that are there are not computed again.
"""

from __future__ import annotations

import argparse
import gzip
import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import dagster as dg
import torch

from benchmarks.dedup.contestants import BENCHMARKS
from benchmarks.proof.inputs import write_rows
from benchmarks.proof.pages import SHARED
from benchmarks.recipe_run import model_folder, run_recipe
from corpus.lake.current import RecipeLake
from corpus.lake.stages import CHECKPOINT, SHARDS
from training.inference.loading import load_any
from training.risks.canaries import measure_canaries, read_canaries
from training.risks.findings import Finding

FOLDER = BENCHMARKS.parent / "build" / "canaries"
HOSTS = "canaries.example"
CHARACTERS = 2_000  # of a text
RECIPE = """base = "base"
vocabulary.size = 4096
[training]
preset = "tiny"
tokens = {tokens}
along = 0
"""


def write_texts(path: Path, count: int) -> None:
    """As many of news as of Wikipedia, of those that are long enough."""
    rows = []
    for name in ("news_en", "wikipedia_en"):
        with gzip.open(SHARED / "proof" / f"{name}.jsonl.gz", "rt", encoding="utf-8") as file:
            texts = [text for line in file if len(text := json.loads(line)["text"]) >= CHARACTERS]
        rows += [{"text": text[:CHARACTERS].rsplit("\n", 1)[0]} for text in texts[: count // 2]]
    write_rows(path, rows)


def headwater(*words: str | Path) -> None:
    subprocess.run([Path(sys.executable).with_name("headwater"), *words], check=True)


def measure(view: RecipeLake, canaries: Path) -> tuple[str, list[Finding]]:
    """What was read, and what the newest model says."""
    [shards] = view.datasets(SHARDS)
    model = load_any(model_folder(view), torch.device("cpu")).model
    figures = shards.figures
    read = f"{figures['train_documents']:,} documents of {figures['train_tokens']:,} tokens"
    return read, list(measure_canaries(model, read_canaries(canaries)))


def table(read: str, findings: Sequence[Finding]) -> list[str]:
    exposures = {one.group: one for one in findings if one.measure == "exposure in bits"}
    firsts = {one.group: one for one in findings if one.measure != "exposure in bits"}
    lines = [read, "", "| | secrets | exposure in bits | 95 % | likeliest of 1,001 |", "|---|---|---|---|---|"]
    for group, bits in exposures.items():
        interval = f"{bits.low:.2f} to {bits.high:.2f}"
        lines.append(f"| {group} | {bits.items} | {bits.value:.2f} | {interval} | {firsts[group].value:.2f} |")
    return [*lines, ""]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--texts", type=int, default=400, help="(default: %(default)s)")
    parser.add_argument("--tokens", type=int, default=800_000, help="that are read (default: %(default)s)")
    parser.add_argument("--folder", type=Path, default=FOLDER, help="(default: %(default)s)")
    args = parser.parse_args()
    planted, lake, recipe = args.folder / "planted", args.folder / "lake", f"canaries-{args.texts}-{args.tokens}"
    if not planted.exists():
        write_texts(args.folder / "texts.jsonl", args.texts)
        headwater("canaries", args.folder / "texts.jsonl", "--out", planted)
    stored = args.folder / f"{recipe}.before.json"
    if not stored.exists():
        settings, last = RECIPE.format(tokens=args.tokens), dg.AssetKey(CHECKPOINT)
        view = run_recipe(lake, recipe, settings, planted / "documents.jsonl", last)
        stored.write_text(json.dumps(table(*measure(view, planted / "canaries.jsonl"))))
    headwater("forget", HOSTS, "--yes", "--lake", lake)
    after = table(*measure(RecipeLake(str(lake), recipe), planted / "canaries.jsonl"))
    print("\n".join([*json.loads(stored.read_text()), f"After `headwater forget {HOSTS}`: ", *after]))


if __name__ == "__main__":
    main()

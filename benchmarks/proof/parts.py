"""Parts: a half of an arm's documents, chosen by chance, alone and twice: data that is known to be worse, by which the
harness shows what it can see."""

from __future__ import annotations

import random
from pathlib import Path

from benchmarks.proof.inputs import write_rows
from corpus.lake.current import RecipeLake
from corpus.lake.stages import SPLIT
from corpus.lake.store import Lake

SEED = 0


def write_parts(lake: Lake, recipe: str, folder: Path) -> None:
    """Of the training documents of a recipe: half.jsonl and doubled.jsonl."""
    [split] = RecipeLake(lake.url, recipe).datasets(SPLIT)
    rows = [
        {"url": row["url"], "text": row["text"]}
        for table in lake.read(split, "train", ["url", "text"])
        for row in table.to_pylist()
    ]
    chosen = random.Random(SEED).sample(rows, len(rows) // 2)
    write_rows(folder / "half.jsonl", chosen)
    write_rows(
        folder / "doubled.jsonl", [{**row, "url": f"{row['url']}#{time}"} for time in range(2) for row in chosen]
    )

"""Parts: a half of an arm's documents, chosen by chance, alone and twice: data that is known to be worse, by which the
harness shows what it can see. And those that the crawl has twice, alone and with their copies."""

from __future__ import annotations

import random
from collections import Counter
from pathlib import Path

from benchmarks.proof.inputs import write_rows
from corpus.lake.current import RecipeLake
from corpus.lake.stages import CLEAN, SPLIT
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


def write_copies(lake: Lake, recipe: str, folder: Path) -> None:
    """Of the clean documents of a recipe, before deduplication: those whose text is there several times, and as many
    others by chance, in once.jsonl each once, in twice.jsonl with their copies, in others.jsonl the others twice."""
    [clean] = RecipeLake(lake.url, recipe).datasets(CLEAN)
    rows = [row for table in lake.read(clean, "documents", ["url", "text"]) for row in table.to_pylist()]
    times = Counter(row["text"] for row in rows)
    repeated = [text for text, count in times.items() if count > 1]
    single = [text for text, count in times.items() if count == 1]
    chosen = {*repeated, *random.Random(SEED).sample(single, len(repeated))}
    copies = [row for row in rows if row["text"] in chosen]
    once = list({row["text"]: row for row in copies}.values())
    again = [{**row, "url": f"{row['url']}#again"} for row in once if times[row["text"]] == 1]
    for name, written in (("once", once), ("twice", copies), ("others", [*once, *again])):
        write_rows(folder / f"{name}.jsonl", written)

"""Contamination: how fast items of benchmarks are looked for, and how many are found: `make bench-contamination`.

Items are those of the benchmarks beside this repository, documents the pages of a crawl, and texts that people wrote.
Speed is CPU time on one core over the crawl's pages, from text in memory to matches, beside a pass that only splits the
same text into words and hashes them; the least of ROUNDS counts. For recall, items are planted in pages, of each of
which so many words were replaced by another one, left out or joined by another one, a third each (in Chinese,
characters); found is what would remove the page. What is found in the texts as they are stands below, to be read.
"""

from __future__ import annotations

import json
import os
import random
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from benchmarks.machine import describe, machine
from benchmarks.rules import FOLDER, texts
from corpus.contamination.benchmark_grams import BenchmarkNgrams
from corpus.contamination.grams import hash_ngrams
from corpus.contamination.overlap import ItemFinder, Match
from corpus.contamination.policy import NGRAM, ContaminationConfig
from corpus.lake.store import ROWS
from training.evaluation.catalog import TASKS
from training.evaluation.items import load_items

HERE = Path(__file__).parent
RESULT, TABLE = HERE / "results" / "contamination.json", HERE.parent / "docs" / "contamination-measured.md"
LOCAL = "llm-foundry-local_data"
FOLDERS = {
    **dict.fromkeys(("arc_easy", "boolq", "copa", "lambada", "openbookqa", "winogrande"), LOCAL),
    **dict.fromkeys(("eprstmt", "ocnli", "tnews"), "FewCLUE"),
    **dict.fromkeys(("xquad_en", "xquad_zh"), "xquad"),
    **{task: task for task in ("blimp", "crows_pairs", "piqa", "sst2")},
    "cmmlu": "CMMLU",
    "hellaswag": "hellaswag_text",
}
RATES = (0, 0.02, 0.05, 0.1, 0.15, 0.2, 0.3)
PLANTED = 600  # items a language and rate
ROUNDS = 10
SPEED = "bench_crawl"  # whose pages are those that speed is measured on
HOSTS = {"English": "bench_crawl", "Chinese": "html chinese"}


def read_items(folder: Path) -> pa.Table:
    rows = []
    for name, place in FOLDERS.items():
        task = TASKS[name]
        items = load_items(task, folder / place)
        for doc, row in zip(items.docs, items.rows, strict=True):
            parts = task.parts(row).items()
            rows += [{"task": name, "item_id": doc["item_id"], "part": part, "text": text} for part, text in parts]
    return pa.Table.from_pylist(rows)


def batches(documents: Sequence[str]) -> Iterator[pa.Array]:
    for first in range(0, len(documents), ROWS):
        yield pa.array(documents[first : first + ROWS], pa.large_string())


def speed(finder: ItemFinder, documents: Sequence[str]) -> dict[str, float]:
    """CPU seconds over all documents, by what is done."""
    ready = [*batches(documents)]
    passes: dict[str, Callable[[pa.Array], object]] = {
        "words alone": lambda batch: hash_ngrams(batch, 1),
        "runs that are known": finder.grams.set.find,
        "matches": finder.find,
    }
    times: dict[str, list[float]] = {name: [] for name in passes}
    for _ in range(ROUNDS + 1):  # the first compiles
        for name, work in passes.items():
            started = time.process_time()
            for batch in ready:
                work(batch)
            times[name].append(time.process_time() - started)
    return {name: min(spent[1:]) for name, spent in times.items()}


def removes(match: Match, config: ContaminationConfig) -> bool:
    return match.measure >= (config.share if match.kind == NGRAM else config.containment)


def recall(finder: ItemFinder, hosts: Sequence[str], unspaced: bool) -> list[dict[str, float]]:
    """By rate: the share of planted items that are found, by runs of words alone and with near matches."""
    rng = random.Random(7)
    grams, config = finder.grams, finder.grams.config
    chosen = rng.sample(np.flatnonzero((grams.usable > 0) & (grams.unspaced == unspaced)).tolist(), PLANTED)
    found = []
    for rate in RATES:
        planted = [_planted(grams.texts[text], rate, unspaced, rng.choice(hosts), rng) for text in chosen]
        first = 0
        runs, either = set(), set()
        for batch in batches(planted):
            for match in finder.find(batch):
                if match.text == chosen[first + match.document] and removes(match, config):
                    either.add(match.text)
                    runs |= {match.text} if match.kind == NGRAM else set()
            first += len(batch)
        found.append({"rate": rate, "runs": len(runs) / PLANTED, "either": len(either) / PLANTED})
    return found


def _planted(text: str, rate: float, unspaced: bool, host: str, rng: random.Random) -> str:
    """A page with an item on a line of its own, of whose words a share was changed."""
    parts = list(text) if unspaced else text.split(" ")
    others = list(host) if unspaced else host.split()
    changed = []
    for part in parts:
        how = rng.choice(("replaced", "left out", "joined")) if rng.random() < rate else ""
        changed += [] if how == "left out" else [rng.choice(others)] if how == "replaced" else [part]
        changed += [rng.choice(others)] if how == "joined" else []
    lines = host.split("\n")
    lines.insert(rng.randrange(len(lines) + 1), ("" if unspaced else " ").join(changed))
    return "\n".join(lines)


def innocent(finder: ItemFinder, sources: Sequence[str], documents: Sequence[str]) -> list[dict[str, Any]]:
    """What is found in documents as they are."""
    grams, first, found = finder.grams, 0, []
    for batch in batches(documents):
        for match in finder.find(batch):
            task, item, part = grams.owners[match.text][0]
            told = {"source": sources[first + match.document], "item": f"{task} {item} {part}", "kind": match.kind}
            removed = removes(match, grams.config)
            found.append({**told, "measure": match.measure, "removes": removed, "text": grams.texts[match.text][:80]})
        first += len(batch)
    return found


def table(result: dict[str, Any]) -> str:
    host, read = result["machine"], result["input"]
    lines = [
        "# Contamination, measured",
        "",
        "Written by `make bench-contamination`; how it works is told in [contamination.md](contamination.md). "
        + " ".join((__doc__ or "").split("\n\n")[1].split()).replace("ROUNDS", str(ROUNDS)),
        "",
        f"{describe(host)}{read['texts']:,} texts of {read['items']:,} items ({len(FOLDERS)} benchmarks); "
        f"their index takes {read['index_seconds']:.1f} s. {read['pages']:,} pages of "
        f"{1e3 * read['megabytes'] / read['pages']:.1f} KB.",
        "",
        "| | microseconds a document | MB/s |",
        "|---|---|---|",
    ]
    for name, seconds in result["seconds"].items():
        lines.append(f"| {name} | {1e6 * seconds / read['pages']:.1f} | {read['megabytes'] / seconds:.0f} |")
    lines += [
        "",
        "AI2's decon, in Rust, tells of 34 microseconds a document (its README: 30 GB, 5.2 million documents of 5.8 "
        "KB), by the clock and with all cores of a machine that it does not name. It asks for every tenth run of 5 "
        "tokens. It is not on PyPI (what has that name there is about time series), so it was not run here.",
        "",
        f"Planted items that are found, in %, of {PLANTED} each. Those of 8 to 12 words (13 to 20 characters) have no "
        "near matches:",
        "",
        "| words edited | " + " | ".join(f"{100 * rate:.0f} %" for rate in RATES) + " |",
        "|---" * (len(RATES) + 1) + "|",
    ]
    for language, rows in result["recall"].items():
        for name, kind in (("half in runs of words alone", "runs"), ("with near", "either")):
            lines.append(f"| {language}, {name} | " + " | ".join(f"{100 * row[kind]:.0f}" for row in rows) + " |")
    removed = sum(row["removes"] for row in result["innocent"])
    lines += [
        "",
        f"In {read['documents']:,} documents as they are: {len(result['innocent'])} matches, {removed} of which would "
        "remove a document.",
        "",
        "| source | item | kind | measure | removes | the item begins |",
        "|---|---|---|---|---|---|",
    ]
    for row in result["innocent"]:
        begins = row["text"].replace("|", " ").replace("\n", " ")
        removes_it = "yes" if row["removes"] else ""
        lines.append(
            f"| {row['source']} | {row['item']} | {row['kind']} | {row['measure']:.2f} | {removes_it} | {begins} |"
        )
    return "\n".join(lines) + "\n"


def main(arguments: list[str]) -> None:
    folder = Path(arguments[0]) if arguments else FOLDER
    if not folder.is_dir():
        sys.exit(f"this reads texts that are not part of the repository, and {folder} is not there")
    described = machine()
    items = read_items(folder / "bench")
    sources, documents = zip(*texts(folder), strict=True)
    started = time.process_time()
    finder = ItemFinder(BenchmarkNgrams(items, ContaminationConfig()))
    index_seconds = time.process_time() - started
    by_source = {name: [d for s, d in zip(sources, documents, strict=True) if s == name] for name in set(sources)}
    pages = by_source[SPEED]
    result = {
        "machine": {**described, "load_after": os.getloadavg()[0]},
        "input": {
            "items": len({(row["task"], row["item_id"]) for row in items.select(["task", "item_id"]).to_pylist()}),
            "texts": len(finder.grams.texts),
            "index_seconds": index_seconds,
            "documents": len(documents),
            "pages": len(pages),
            "megabytes": sum(len(page.encode()) for page in pages) / 1e6,
        },
        "seconds": speed(finder, pages),
        "recall": {name: recall(finder, by_source[host], name == "Chinese") for name, host in HOSTS.items()},
        "innocent": innocent(finder, sources, documents),
    }
    RESULT.write_text(json.dumps(result, indent=1, ensure_ascii=False) + "\n")
    TABLE.write_text(table(result))
    print(TABLE.read_text())


if __name__ == "__main__":
    main(sys.argv[1:])

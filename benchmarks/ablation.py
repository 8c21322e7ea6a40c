"""Ablation: how often a planted effect is found, and how often one is found where there is none: `make bench-ablation`.

The pages of this Python's documentation are spread over HOSTS made-up hosts. In each of RUNS runs half of the hosts,
chosen at random, are left out (`headwater.ablate(without=...)`): half of the data, read twice as often in the same
number of tokens. Each side has SEEDS seeds, which no other run has; an effect is found where a score is better on the
side with all data, p below 5 % after the correction for the number of tasks. The bases of the runs, equal but for their
seeds, are then compared pair by pair (A/A): each score that is said to differ is a false positive.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import tempfile
import time
from collections.abc import Iterator
from itertools import combinations, islice
from pathlib import Path
from typing import Any

import headwater
from benchmarks.machine import describe, machine
from corpus.archive.pages import Page
from corpus.archive.ranges import FileRange
from corpus.crawl.pydoc_crawl import PydocCrawlConfig, crawl_pydoc
from corpus.extract.config import ExtractConfig
from corpus.extract.page import extract_page
from corpus.lake.store import Lake
from corpus.sources.kinds import detect_source
from recipes.files import write_recipe

HERE = Path(__file__).resolve().parent
RESULT, TABLE = HERE / "results" / "ablation.json", HERE.parent / "docs" / "ablation-measured.md"
HOSTS, RUNS, SEEDS = 20, 10, 3
PAGES, TOKENS = 200, 1_228_800  # so few pages that the tokens read them several times
SMALL: dict[str, Any] = {
    "training": {
        "preset": "tiny",
        "tokens": TOKENS,
        "layers": 2,
        "width": 64,
        "heads": 2,
        "kv_heads": 2,
        "head_width": 32,
        "context": 128,
        "global_batch": 32,
        "micro_batch": 32,
        "eval_every": 1_000,
        "checkpoint_every": 1_000,
        "along": 0,
    },
    "vocabulary": {"size": 1024},
    "heldout": {"share": 0.2},
}


def write_crawl(folder: Path) -> Path:
    """JSON lines of url and text."""
    crawl_pydoc("stdlib", folder, config=PydocCrawlConfig())
    path = folder / "pages.jsonl"
    with open(path, "w", encoding="utf-8") as out:
        for number, (url, text) in enumerate(islice(_texts(folder), PAGES)):
            host = f"host{number % HOSTS:02d}.example"
            out.write(json.dumps({"url": f"https://{host}/{url.rsplit('/', 1)[-1]}", "text": text}) + "\n")
    return path


def _texts(folder: Path) -> Iterator[tuple[str, str]]:
    for path in sorted(folder.glob("*.warc.gz")):
        with open(path, "rb") as file:
            source, why = detect_source(path.name, file)
            if source is None:
                raise ValueError(f"{path}: {why}")
            size = path.stat().st_size
            for record in source.read(file, size, path.name, FileRange(start=0, stop=size)):
                if isinstance(record.content, Page) and record.url is not None:
                    found = extract_page(record.content.html, record.content.declared_charset, ExtractConfig())
                    if not isinstance(found, str):
                        yield record.url, found.text


def planted(place: Path, runs: int, seeds: int, workers: int) -> dict[str, Any]:
    """What each run found, and the names of its bases, a seed each."""
    lake, crawl = Lake(str(place / "lake")), str(write_crawl(place))
    random_hosts = random.Random(0)
    found = []
    for run in range(runs):
        base = f"run{run}"
        training = SMALL["training"] | {"seed": 1 + run * seeds}
        write_recipe(lake, base, "documentation", SMALL | {"training": training})
        hosts = sorted(random_hosts.sample(range(HOSTS), HOSTS // 2))
        started = time.monotonic()
        one = headwater.ablate(
            base,
            without=[f"host:host{host:02d}.example" for host in hosts],
            seeds=seeds,
            crawls=[crawl],
            lake=lake.url,
            workers=workers,
        )
        tasks = one.scores.tasks if one.scores else ()
        found.append(
            {
                "bases": list(one.a),
                "tokens": list(one.train_tokens),
                "better": {task.task: task.better for task in tasks},
                "differences": {task.task: task.difference.value for task in tasks},
                "seconds": round(time.monotonic() - started),
            }
        )
        print(run, json.dumps(found[-1]), flush=True)
    pairs = []
    for one, other in combinations([",".join(run["bases"]) for run in found], 2):
        compared = headwater.compare(one, other, lake=lake.url)
        pairs.append([task.task for task in compared.tasks if task.better])
    return {"runs": found, "pairs": pairs}


def table(result: dict[str, Any]) -> str:
    runs, pairs = result["runs"], result["pairs"]
    seen = sum("A" in run["better"].values() for run in runs)
    false = sum(bool(pair) for pair in pairs)
    tasks = list(runs[0]["better"])
    lines = [
        "# Ablation, measured",
        "",
        "Written by `make bench-ablation`; how it works is told in [ablation.md](ablation.md). "
        + " ".join((__doc__ or "").split("\n\n", 1)[1].split())
        .replace("HOSTS", str(HOSTS))
        .replace("RUNS", str(len(runs)))
        .replace("SEEDS", str(result["seeds"])),
        "",
        f"{describe(result['machine'])}{result['tokens']:,} tokens a run of a model of "
        f"{SMALL['training']['layers']} layers and a width of {SMALL['training']['width']}; "
        f"{result['tokens'] / runs[0]['tokens'][0]:.1f} epochs of all data.",
        "",
        "| | |",
        "|---|---|",
        f"| planted effect found | {seen} of {len(runs)} runs |",
        f"| pairs of A/A with a false positive | {false} of {len(pairs)} |",
        f"| seconds a run of {2 * result['seeds']} arms | {sum(run['seconds'] for run in runs) / len(runs):.0f} |",
        "",
        f"| run | tokens of A and B | {' | '.join(f'{task}, B - A' for task in tasks)} |",
        f"|---|---|{'---|' * len(tasks)}",
    ]
    for number, run in enumerate(runs):
        cells = [f"{run['differences'][task]:+.4f} {run['better'][task] or ''}".rstrip() for task in tasks]
        tokens = " and ".join(f"{count:,}" for count in run["tokens"])
        lines.append(f"| {number + 1} | {tokens} | {' | '.join(cells)} |")
    lines += ["", "A letter names the side that is better; where there is none, no difference was found.", ""]
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=RUNS)
    parser.add_argument("--seeds", type=int, default=SEEDS)
    args = parser.parse_args()
    host = machine()
    with tempfile.TemporaryDirectory() as place:
        found = planted(Path(place), args.runs, args.seeds, os.cpu_count() or 1)
    host["load_after"] = os.getloadavg()[0]
    result = {"machine": host, "seeds": args.seeds, "tokens": TOKENS, **found}
    RESULT.write_text(json.dumps(result, indent=1) + "\n")
    TABLE.write_text(table(result))
    print(TABLE.read_text())


if __name__ == "__main__":
    main()

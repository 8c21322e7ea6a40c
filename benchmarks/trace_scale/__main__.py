"""Trace at scale: how long `headwater trace` takes in a lake of many documents: `make bench-trace-scale`.

Each question is asked by a process of its own, ROUNDS times, by the clock from its start to its end, with all that it
imports. The lake is made up and written straight, with its WARC files and with the columns and row groups that the
pipelines write; what no trace reads is left out. Its files were written just before, so they are in memory where there
is room. Beside it stands a lake of a thousand documents: what a question takes there is the start of Python and its
imports. Each answer is looked at: a page must end where it was made to end. Where other programs have the cores too, it
is processor time, of all threads together, that tells what trace costs.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.machine import describe, describe_others, machine
from benchmarks.processor_time import processor_time
from benchmarks.trace_scale.lake import TASK, Made, make_lake
from benchmarks.trace_scale.part import CRAWL
from headwater.tracing.readings import CLAIM

BENCHMARKS = Path(__file__).parents[1]
RESULT, TABLE = BENCHMARKS / "results" / "trace_scale.json", BENCHMARKS.parent / "docs" / "trace-at-scale.md"
ROUNDS = 5
SMALL = 1_000
KEPT = {"train": "a page that was trained on", "heldout": "a held-out page"}


def questions(made: Made) -> dict[str, tuple[list[str], *tuple[str, ...]]]:
    """What is asked -> the arguments, and what the answer must hold."""
    asked: dict[str, tuple[list[str], *tuple[str, ...]]] = {}
    for (stage, end), url in made.examples.items():
        if kept := KEPT.get(end):
            asked[kept] = ([url], f"kept as {end}", "read again, the same", CLAIM)
        else:
            asked[f"a page dropped by {stage}, {end}"] = ([url], f"{stage:11} {CRAWL} [", ": removed, ", CLAIM)
    url = made.examples["split", "train"]
    host, plain = url.split("/")[2], url.removeprefix("https://")
    trained = ("kept as train", "checkpoint  ", CLAIM)
    asked["the same page without its scheme"] = ([plain], *trained)
    asked["by the beginning of its URL"] = ([plain[:-5]], *trained)
    asked["by its doc_id"] = ([made.train_id], *trained)
    asked["by the beginning of its doc_id"] = ([made.train_id[:12]], *trained)
    asked["a mistyped URL"] = ([plain.replace(".html", ".htm1")], f"did you mean {url}")
    asked["its host"] = ([host], "documents, ", "came through", CLAIM)
    asked["the largest host"] = (["site-0.example"], "documents, ", "came through", CLAIM)
    asked["a mistyped host"] = ([host.replace("site", "siet") + "/"], "did you mean ")
    asked["a step"] = (["--step", str(made.steps // 2 + 1)], "  sequence ", CLAIM)
    asked["a score"] = (["--score", TASK], "compared, ", CLAIM)
    return asked


def ask(lake: Path, arguments: list[str]) -> tuple[float, float, str]:
    """(seconds by the clock, of processor time, the answer)"""
    command = [sys.executable, "-m", "headwater", "trace", "--lake", str(lake), *arguments]
    started, used = time.perf_counter(), processor_time()
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return time.perf_counter() - started, processor_time() - used, done.stdout + done.stderr


def measure(documents: int, folder: Path) -> dict[str, Any]:
    """Makes a lake and asks it everything: about the lake, and seconds by question in `rows`."""
    started = time.perf_counter()
    made = make_lake(folder, documents)
    print(f"{made.documents:,} documents written in {time.perf_counter() - started:.0f} s", flush=True)
    return ask_all(folder, made)


def ask_all(folder: Path, made: Made) -> dict[str, Any]:
    rows = {}
    for what, (arguments, *holds) in questions(made).items():
        asked = [ask(folder / "lake", arguments) for _ in range(ROUNDS)]
        for _, _, answer in asked:
            if not all(words in answer for words in holds):
                sys.exit(f"trace {' '.join(arguments)} should answer {holds}, and said:\n{answer}")
        clock, processor = ([took[column] for took in asked] for column in (0, 1))
        rows[what] = {"least": min(clock), "median": statistics.median(clock), "cpu": statistics.median(processor)}
        print(f"{what}: {rows[what]}", flush=True)
    size = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
    about = {name: getattr(made, name) for name in ("records", "documents", "train_documents", "train_tokens", "steps")}
    return {**about, "bytes": size, "rows": rows}


def table(result: dict[str, Any], about: str) -> str:
    host, sizes = result["machine"], result["sizes"]
    lines = [
        "# Trace at scale",
        "",
        "Written by `make bench-trace-scale`. "
        + " ".join(about.split("\n\n")[1].split()).replace("ROUNDS", str(ROUNDS)),
        "",
        f"{describe(host)}{describe_others(host)}",
        "",
        f"Seconds by the clock, the least and the median of {ROUNDS}, and the median of processor time, in a lake of "
        "so many documents:",
        "",
        "| | " + " | ".join(f"{size['documents']:,}, least | median | processor" for size in sizes) + " |",
        "|---" * (3 * len(sizes) + 1) + "|",
    ]
    for what in sizes[-1]["rows"]:
        cells = (f"{size['rows'][what][name]:.2f}" for size in sizes for name in ("least", "median", "cpu"))
        lines.append(f"| {what} | " + " | ".join(cells) + " |")
    last = sizes[-1]
    lines += [
        "",
        f"The last lake has {last['records']:,} records, {last['train_documents']:,} training documents of "
        f"{last['train_tokens'] / 1e6:,.0f} million tokens and a checkpoint of {last['steps']:,} steps, "
        f"{last['bytes'] / 1e9:.1f} GB in all.",
    ]
    return "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.trace_scale", description=__doc__)
    parser.add_argument("--documents", type=float, nargs="+", default=[1e6], help="of each lake (default: 1e6)")
    args = parser.parse_args()
    described, sizes = machine(), []
    for documents in (SMALL, *args.documents):
        with tempfile.TemporaryDirectory(prefix="headwater-bench-") as folder:
            sizes.append(measure(int(documents), Path(folder)))
    result = {"machine": {**described, "load_after": os.getloadavg()[0]}, "sizes": sizes}
    RESULT.write_text(json.dumps(result, indent=1) + "\n")
    TABLE.write_text(table(result, __doc__ or ""))
    print(TABLE.read_text())


if __name__ == "__main__":
    main()

"""Engines: the same stages on this machine's runner, on Flink and on Spark: `make bench-engines`.

Each is asked for `python -m pipelines clean` of one WARC that holds the crawl TIMES times, with one worker and with
two: a local process each, a Flink task manager of one slot each, a Spark worker of one core each, on clusters that
stand before the clock starts. Times are from the command's start to its end. What an engine takes more than this
machine's runner with as many workers is its overhead, Beam's own service for it included. Then DOCUMENTS short
documents that are made up, of which 15 % are copies and 15 % near ones, are deduplicated in one process and on two
task managers. All that is published must be the same everywhere. Memory is the peak of the largest Python process that
works on splits.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks.crawl_input import SHARED, as_one, crawl_files, responses
from benchmarks.engines.documents import publish_documents
from benchmarks.machine import describe, describe_others, machine
from benchmarks.processes import run
from corpus.lake.store import Lake
from tests.pipelines.remote.clusters import flink_cluster, spark_cluster

BENCHMARKS = Path(__file__).resolve().parents[1]
RESULT, TABLE = BENCHMARKS / "results" / "engines.json", BENCHMARKS.parent / "docs" / "engines-measured.md"
HERE = "this machine"
CLUSTERS = {"Flink": flink_cluster, "Spark": spark_cluster}
TIMES, DOCUMENTS = 80, 1_000_000


@contextmanager
def engine(name: str, workers: int, place: Path) -> Iterator[tuple[list[str], list[int]]]:
    """Flags for a stage, and the processes that do its work, where these are no children of the command's."""
    if name == HERE:
        yield ["--workers", str(workers)], []
        return
    folder = place / "cluster"
    folder.mkdir()
    with CLUSTERS[name](folder, workers) as cluster:
        yield ["--runner", "PortableRunner", *cluster.flags], [cluster.pool.pid]


def measure(name: str, workers: int, stage: list[str], lake: Path | None = None) -> dict[str, Any]:
    """A stage on an engine, in a copy of the lake that it reads, if it does: seconds, bytes, and what it published."""
    with tempfile.TemporaryDirectory(prefix="headwater-bench-") as temporary:
        place = Path(temporary)
        if lake is not None:
            shutil.copytree(lake, place / "lake", copy_function=os.link)
        with engine(name, workers, place) as (flags, others):
            command = [sys.executable, "-m", "pipelines", *stage, "--lake", str(place / "lake"), *flags]
            cost = run(command, place / "log", others=others)
        digests = {f"{one.name}/{one.address}": one.digest for one in Lake(str(place / "lake")).datasets()}
    row = {"engine": name, "workers": workers, "wall": cost.wall, "cpu": cost.cpu, "largest": cost.largest}
    print(json.dumps(row), flush=True)
    return {**row, "digests": digests}


def equal(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rows without what was published, which must be the same in all."""
    published = [row.pop("digests") for row in rows]
    for row, one in zip(rows, published, strict=True):
        if one != published[0]:
            sys.exit(f"{row['engine']}, {row['workers']} workers: other digests than {HERE}: {one}, {published[0]}")
    return rows


def clean_everywhere(times: int) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="headwater-bench-") as temporary:
        place = Path(temporary)
        files = crawl_files(SHARED, place / "made")
        folder, pages = as_one(files, times, place / "large"), times * responses(files)
        stage = ["clean", str(folder)]
        rows = equal([measure(name, workers, stage) for name in (HERE, *CLUSTERS) for workers in (1, 2)])
    return {"pages": pages, "rows": rows}


def deduplicate_everywhere(documents: int) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="headwater-bench-") as temporary:
        lake = Lake(str(Path(temporary) / "lake"))
        clean = publish_documents(lake, "made-up", documents)
        stage = ["deduplicate", f"clean/{clean.address}"]
        rows = equal([measure(name, workers, stage, Path(lake.root)) for name, workers in ((HERE, 1), ("Flink", 2))])
    return {"documents": documents, "rows": rows}


def table(result: dict[str, Any]) -> str:
    about = " ".join((__doc__ or "").split("\n\n", 1)[1].split())
    cleaned, deduplicated = result["clean"], result["deduplicate"]
    about = about.replace("TIMES", str(result["times"])).replace("DOCUMENTS", f"{deduplicated['documents']:,}")
    local = {row["workers"]: row["wall"] for row in cleaned["rows"] if row["engine"] == HERE}
    lines = ["# Engines, measured", "", f"Written by `make bench-engines`. {about}", ""]
    lines += [f"{describe(result['machine'])}{describe_others(result['machine'])}", ""]
    lines += [
        f"`clean` of {cleaned['pages']:,} pages:",
        "",
        "| engine | workers | seconds | beside this machine's | memory |",
    ]
    lines += ["|---|---|---|---|---|"]
    for row in cleaned["rows"]:
        ratio = row["wall"] / local[row["workers"]]
        lines.append(
            f"| {row['engine']} | {row['workers']} | {row['wall']:.0f} | {ratio:.2f} | {row['largest'] >> 20} MB |"
        )
    lines += [
        "",
        f"`deduplicate` of {deduplicated['documents']:,} documents:",
        "",
        "| engine | workers | seconds | memory |",
    ]
    lines += ["|---|---|---|---|"]
    for row in deduplicated["rows"]:
        lines.append(f"| {_cells(row)} | {row['largest'] >> 20} MB |")
    return "\n".join([*lines, "", "All digests are equal.", ""])


def _cells(row: dict[str, Any]) -> str:
    return f"{row['engine']} | {row['workers']} | {row['wall']:.0f}"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.engines", description=__doc__)
    parser.add_argument("--times", type=int, default=TIMES, help="of the crawl in the WARC (default: %(default)s)")
    parser.add_argument("--documents", type=float, default=DOCUMENTS, help="to be deduplicated (default: 1e6)")
    args = parser.parse_args()
    described = machine()
    result = {"clean": clean_everywhere(args.times), "deduplicate": deduplicate_everywhere(int(args.documents))}
    result |= {"times": args.times, "machine": {**described, "load_after": os.getloadavg()[0]}}
    RESULT.write_text(json.dumps(result, indent=1) + "\n")
    TABLE.write_text(table(result))
    print(TABLE.read_text())


if __name__ == "__main__":
    main()

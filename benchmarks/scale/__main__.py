"""Scale: what a snapshot of Common Crawl would take: `make bench-scale`.

Run are the stages of `python -m pipelines`, from real WARC files to shards, in blocks of 1 MiB, with one worker and
with two, and noted is what each split takes; a lake in a bucket of a counting server on this machine; the graphs that a
runner of Beam gets; and single splits of deduplication on made-up signatures, for memory and time a document. A
simulation is given the splits of one run and has to tell the time of others. Then measured rates, those of the other
benchmarks among them, are multiplied by a snapshot, which nobody has run: what was measured and what was not is said of
each table.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.crawl_input import SHARED, as_they_are, crawl_files
from benchmarks.machine import machine
from benchmarks.scale import check, sizes
from benchmarks.scale.counting_store import count_requests
from benchmarks.scale.plan import BLOCK_BYTES
from benchmarks.scale.projection import compute
from benchmarks.scale.report import RESULT, TABLE, table
from benchmarks.scale.scenario import unevenness
from benchmarks.scale.state import WORKS
from corpus.sources import open_crawl

BLOCK = 1 << 20
FEW_BLOCKS = 4 << 20
ASKED_FILES = 3  # with which requests are counted
DOCUMENTS = (1_000_000, 4_000_000)


def run(crawl: Path, place: Path, workers: int, last: str = "deduplicate", block_bytes: int = BLOCK) -> dict[str, Any]:
    arguments = [str(crawl), str(place), str(workers), str(block_bytes), last]
    command = [sys.executable, "-m", "benchmarks.scale.timed_run", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{' '.join(command)} failed: {done.stderr}")
    found: dict[str, Any] = json.loads(done.stdout)
    print(f"{workers} worker(s): " + ", ".join(f"{name} {stage['seconds']:.1f} s" for name, stage in found.items()))
    return found


def state(place: Path) -> dict[str, dict[str, float]]:
    """Of each work, what a document more takes: seconds, bytes in memory, and figures of the part."""
    found: dict[str, dict[str, float]] = {}
    rows: dict[tuple[str, int], dict[str, float]] = {}
    for documents in DOCUMENTS:
        for what in ("make", *WORKS):
            command = [sys.executable, "-m", "benchmarks.scale.state", what, str(documents), str(place / "state")]
            printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
            if what != "make":
                rows[what, documents] = json.loads(printed)
                print(f"{what}, {documents:,} documents: {rows[what, documents]}", flush=True)
    few, many = DOCUMENTS
    for what in WORKS:
        found[what] = {
            name: (rows[what, many][name] - rows[what, few][name]) / (many - few) for name in rows[what, many]
        }
    return found


def kept(stage: dict[str, Any]) -> dict[str, Any]:
    """What of a measured stage is kept in the results: its splits are most of it, and stand there as their sum."""
    rest = {name: value for name, value in stage.items() if name not in ("splits", "setups", "phases")}
    return {**rest, "cpu": sum(split["cpu"] for split in stage["splits"])}


def about(files: list[Path], known: dict[str, Any]) -> dict[str, int]:
    return {
        "files": len(files),
        "bytes": sum(file.stat().st_size for file in files),
        "pages": known["documents"]["figures"]["pages"],
        "clean": known["clean"]["kept"],
        "unique": known["unique"]["kept"],
        "splits": sum(split["work"] == "Ingest" for split in known["documents"]["splits"]),
    }


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.scale", description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path, default=SHARED, help="of *.warc.gz; else a crawl is made")
    parser.add_argument("--rounds", type=int, default=2, help="how often one and two workers are measured")
    parser.add_argument(
        "--plan", action="store_true", help="measure nothing, but compute the plan anew from all results"
    )
    args = parser.parse_args()
    if args.plan:
        found = json.loads(RESULT.read_text())
        write({name: value for name, value in found.items() if name != "plan"})
        return
    described = machine()
    with tempfile.TemporaryDirectory(prefix="headwater-bench-") as temporary:
        place = Path(temporary)
        files = crawl_files(args.folder, place / "made")
        crawl = as_they_are(files, place / "crawl")
        run(crawl, place / "warm", 1)  # compiles what workers need, where that was not done before
        whole = run(crawl, place / "whole", 1, "shard", BLOCK_BYTES)  # as large as parts get, for bytes a page
        known = []
        others: dict[int, list[dict[str, Any]]] = {1: [], 2: []}
        for number in range(args.rounds):
            for workers, runs in others.items():
                runs.append(run(crawl, place / f"round-{number}-{workers}", workers))
            known.append(run(crawl, place / f"known-{number}", 1))
        started = time.perf_counter()
        open_crawl(str(crawl))
        digest_rate = sum(file.stat().st_size for file in files) / (time.perf_counter() - started)
        graphs = sizes.measure()
        held = state(place)
        requests = {
            name: count_requests(files[:ASKED_FILES], block) for name, block in (("few", FEW_BLOCKS), ("many", BLOCK))
        }
    measured = {
        "machine": {**described, "load_after": os.getloadavg()[0]},
        "input": about(files, known[0]),
        "run": {name: kept(stage) for name, stage in whole.items()},
        "uneven": unevenness(known[0]),
        "check": check.compare(known, others),
        "digest_rate": digest_rate,
        "graphs": graphs,
        "state": held,
        "requests": requests,
    }
    write(measured)


def write(measured: dict[str, Any]) -> None:
    RESULT.write_text(json.dumps(measured, indent=1) + "\n")  # so that nothing is measured again for a fault below
    result = {**measured, "plan": compute(measured)}
    RESULT.write_text(json.dumps(result, indent=1) + "\n")
    TABLE.write_text(table(result, __doc__ or ""))
    print(TABLE.read_text())


if __name__ == "__main__":
    main()

"""Soak: one WARC file of 1 GB keeps all workers busy, and a run killed half-way does less than 5 % of it again.

    python tests/soak/big_warc.py [--input FOLDER] [--gigabytes N] [--workers N]

The file is made by repeating the records of the WARC files in a folder (../shared/data/bench_crawl, or, where that is
absent, a crawl of Python's documentation). It is ingested once from beginning to end; then in another lake, where the
whole process group is killed with SIGKILL when half of the parts are there, and the same command is given again.
"""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import psutil

from corpus.crawl.pydoc_crawl import PydocCrawlConfig, crawl_pydoc
from corpus.lake.store import Lake

BENCH = Path(__file__).resolve().parents[3] / "shared" / "data" / "bench_crawl"
MOST_REDONE = 0.05
LEAST_BUSY = 0.8  # of each core that a worker has


def repeat(sources: list[Path], target: Path, size: int) -> None:
    """Writes at least `size` bytes: members of gzip may follow one another in one file."""
    with target.open("wb") as out:
        while out.tell() < size:
            for source in sources:
                with source.open("rb") as file:
                    shutil.copyfileobj(file, out, 1 << 24)


def start(warc: Path, lake: Path, workers: int) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "pipelines", "ingest", "--crawl", str(warc), "--lake", str(lake)]
    return subprocess.Popen([*command, "--workers", str(workers)], start_new_session=True)


@dataclass
class Use:
    """Processor seconds of a process and all below it, and the most memory that one of them held."""

    seconds: dict[int, float]
    memory: int = 0

    def look(self, root: psutil.Process) -> None:
        for process in [root, *root.children(recursive=True)]:
            try:
                times = process.cpu_times()
                self.seconds[process.pid] = times.user + times.system
                self.memory = max(self.memory, process.memory_info().rss)
            except psutil.Error:
                continue


def parts(lake: Path) -> dict[str, int]:
    """The parts' files: name -> time of writing. They come before the row that says a part is finished."""
    return {path.name: path.stat().st_mtime_ns for path in lake.glob("documents/*/documents/*.parquet")}


def run(warc: Path, lake: Path, workers: int) -> tuple[float, Use]:
    """Ingests to the end. Returns seconds and what was used."""
    started, use = time.monotonic(), Use({})
    process = start(warc, lake, workers)
    root = psutil.Process(process.pid)
    while process.poll() is None:
        use.look(root)
        time.sleep(0.2)
    if process.returncode:
        raise SystemExit(f"ingest ended with {process.returncode}")
    return time.monotonic() - started, use


def kill_half_way(warc: Path, lake: Path, workers: int, wanted: int) -> dict[str, int]:
    process = start(warc, lake, workers)
    while len(parts(lake)) < wanted // 2:
        if process.poll() is not None:
            raise SystemExit(f"ingest ended with {process.returncode} before it could be killed")
        time.sleep(0.05)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    return parts(lake)


def digest(lake: Path) -> str:
    [manifest] = Lake(str(lake)).datasets("documents")
    return manifest.digest


def main() -> int:
    flags = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    flags.add_argument("--input", type=Path, default=BENCH, help="a folder of WARC files")
    flags.add_argument("--gigabytes", type=float, default=1.0)
    flags.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    args = flags.parse_args()
    with tempfile.TemporaryDirectory(prefix="headwater-big-") as folder:
        place = Path(folder)
        if not args.input.exists():
            args.input = place / "crawl"
            crawl_pydoc("stdlib", args.input, config=PydocCrawlConfig(warc_bytes=1_000_000), progress=True)
        warc, whole, broken = place / "big.warc.gz", place / "whole", place / "broken"
        repeat(sorted(args.input.rglob("*.warc.gz")), warc, int(args.gigabytes * 1e9))
        seconds, use = run(warc, whole, args.workers)
        busy = sum(use.seconds.values()) / seconds / args.workers
        made = len(parts(whole))
        print(f"{warc.stat().st_size / 1e9:.2f} GB in {made} parts: {seconds:.0f} s, {args.workers} workers busy for")
        print(f"{busy:.0%} of it, the largest process held {use.memory / 1e6:.0f} MB", flush=True)
        before = kill_half_way(warc, broken, args.workers, made)
        again, _ = run(warc, broken, args.workers)
        after = parts(broken)
        kept = sum(after[name] == written for name, written in before.items())
        # What a worker was at when the kill came is all that is done twice.
        redone = max(args.workers, len(before) - kept) / made
        same = digest(broken) == digest(whole)
        print(
            f"killed with {len(before)} of {made} parts: {again:.0f} s more, at most {redone:.1%} done twice, ", end=""
        )
        print("the same digest" if same else "ANOTHER DIGEST")
        return 0 if same and redone < MOST_REDONE and busy >= LEAST_BUSY else 1


if __name__ == "__main__":
    sys.exit(main())

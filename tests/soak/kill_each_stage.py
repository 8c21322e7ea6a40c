"""Soak: `headwater demo`, killed at a random moment of every stage, ends with the digests of the unbroken run.

    python tests/soak/kill_each_stage.py [--crawl PATH] [--seed N]

For each stage in turn: wait until it has begun (its folder is in the lake, its manifest is not), wait a random time,
kill the process with SIGKILL, check that what is published is whole, start the same command again.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from corpus.lake.store import Lake
from corpus.lake.verification import find_damage

# The stages that a demo publishes, in order, and how long each may take before the kill, in seconds.
STAGES = {
    "crawl": 8.0,
    "documents": 3.0,
    "measures": 2.0,
    "clean": 1.5,
    "signatures": 2.0,
    "duplicates": 1.5,
    "unique": 1.5,
    "split": 1.5,
    "items": 0.2,
    "tokenizer": 1.0,
    "tokens": 2.0,
    "shards": 1.0,
    "checkpoint": 60.0,
    "score_bits_per_byte": 5.0,
    "score_last_word": 3.0,
    "score_continuation": 3.0,
}


def start(lake: Path, crawls: list[str]) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "headwater.cli", "demo", "--lake", str(lake)]
    command += [flag for crawl in crawls for flag in ("--crawl", crawl)] or ["--full"]
    log = (lake.parent / "demo.log").open("ab")
    return subprocess.Popen(command, stdout=log, stderr=log)


def under_way(lake: Path, stage: str) -> bool:
    """Whether some dataset of a stage has been begun and not published."""
    return any(not (folder / "manifest.json").exists() for folder in (lake / stage).glob("*"))


def kill_in(lake: Path, crawls: list[str], stage: str, delay: float) -> str:
    """Runs the demo up to a moment within a stage and kills it there. Returns what happened."""
    process = start(lake, crawls)
    while process.poll() is None and not under_way(lake, stage):
        time.sleep(0.01)
    time.sleep(delay)
    if process.poll() is not None:
        return f"ended with {process.returncode} before"
    during = under_way(lake, stage)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    return "killed inside" if during else "killed just after"


def digests(lake: Path) -> dict[str, str]:
    return {f"{manifest.name}/{manifest.address}": manifest.digest for manifest in Lake(str(lake)).datasets()}


def main() -> int:
    flags = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    flags.add_argument("--crawl", action="append", default=[], help="in place of the built-in crawls")
    flags.add_argument("--seed", type=int, default=int(time.time()))
    args = flags.parse_args()
    crawls = [str(Path(crawl).resolve()) for crawl in args.crawl]
    dice = random.Random(args.seed)
    print(f"seed {args.seed}", flush=True)
    with tempfile.TemporaryDirectory(prefix="headwater-soak-") as folder:
        whole, broken = Path(folder, "whole", "lake"), Path(folder, "broken", "lake")
        for lake in (whole, broken):
            lake.mkdir(parents=True)
        for stage, longest in STAGES.items():
            if stage == "crawl" and crawls:
                continue  # somebody else's WARC files are only digested
            said = kill_in(broken, crawls, stage, dice.uniform(0, longest))
            problems = [p for m in Lake(str(broken)).datasets() for p in find_damage(Lake(str(broken)), m)]
            print(f"{stage:22} {said}; {len(problems)} problems in what is published", flush=True)
            if problems:
                return 1
        for lake in (broken, whole):
            code = start(lake, crawls).wait()
            print(f"{lake.parent.name}: exit code {code}", flush=True)
            if code:
                print((lake.parent / "demo.log").read_text()[-3000:])
                return 1
        same = digests(broken) == digests(whole)
        print(f"{len(digests(whole))} datasets, {'the same digests' if same else 'DIFFERENT DIGESTS'}")
        return 0 if same else 1


if __name__ == "__main__":
    sys.exit(main())

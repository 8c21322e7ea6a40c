"""Loader: tokens to batches, how fast, beside its peers: `make bench-loader`.

All read the same made-up tokens, each from files of its own kind on this disk (in the page cache after the first
reads), and hand over inputs and targets as int64 tensors of 32 sequences, shuffled, in the process that takes them.
Headwater has checked every chunk against its digest before (2 ms a million tokens, once a run). The bare loop is
nanoGPT's: a flat file mapped into memory, random places, no epochs. litdata is its TokensLoader and mosaicml-streaming
samples of a sequence each, with a data loader without workers. One core; each round is a process each, one after
another, and medians count. A ratio is the median of the rounds' ratios.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.dedup.contestants import BENCHMARKS, CORE, ONE_CORE
from benchmarks.loader.measure import CONTEXTS
from benchmarks.loader.report import BARE, LITDATA, RESULT, STREAMING, TABLE, ratios, table
from benchmarks.loader.tokens import flat, make
from benchmarks.machine import machine
from benchmarks.processes import run

# Title -> the environment under .venvs or None for Headwater's own, the module, its options.
CONTESTANTS: dict[str, tuple[str | None, str, tuple[str, ...]]] = {
    **{
        f"Headwater, {packing}{', segments' * segments}": (None, "ours", (packing, *["segments"] * segments))
        for packing in ("concat", "bestfit")
        for segments in (False, True)
    },
    BARE: (None, "memmap_loop", ()),
    LITDATA: ("litdata", "litdata_peer", ()),
    STREAMING: ("streaming", "streaming_peer", ()),
}


def said(environment: str | None, module: str, place: Path, options: tuple[str, ...]) -> Any:
    """The last line of a contestant's process."""
    python = str(BENCHMARKS / ".venvs" / environment / "bin" / "python") if environment else sys.executable
    command = [*CORE, python, "-m", f"benchmarks.loader.{module}", str(place), *options]
    cost = run(command, place / f"{module}.log", {**os.environ, **ONE_CORE, "DO_NOT_TRACK": "1"})
    return json.loads(cost.output.splitlines()[-1])


def compete(place: Path, rounds: int) -> dict[str, dict[str, dict[str, list[float]]]]:
    """By contestant, context and clock: tokens a second in each round."""
    found: dict[str, dict[str, dict[str, list[float]]]] = {}
    for number in range(rounds):
        for title, (environment, module, options) in CONTESTANTS.items():
            for context, row in said(environment, module, place, options).items():
                for clock, speed in row.items():
                    found.setdefault(title, {}).setdefault(context, {}).setdefault(clock, []).append(speed)
            speeds = ", ".join(f"{context}: {row['cpu'][-1] / 1e6:.1f}" for context, row in found[title].items())
            print(f"round {number + 1}: {title:30} millions of tokens/s of CPU time at {speeds}", flush=True)
    return found


def repeated(module: str, place: Path, rounds: int) -> dict[str, float]:
    rows = [said(None, module, place, ()) for _ in range(rounds)]
    found = {name: median(row[name] for row in rows) for name in rows[0]}
    print(f"{module}: {found}", flush=True)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.loader", description=__doc__)
    parser.add_argument("--tokens", type=int, default=100_000_000)
    parser.add_argument("--large", type=int, default=1_000_000_000, help="tokens of the set that a run goes on with")
    parser.add_argument("--rounds", type=int, default=5)
    args = parser.parse_args()
    described = machine()
    with tempfile.TemporaryDirectory(prefix="headwater-bench-") as temporary:
        place = Path(temporary)
        make(place, args.tokens)
        flat(place)
        speeds = compete(place, args.rounds)
        wait = repeated("wait", place, min(args.rounds, 3))
        make(place / "large", args.large)
        resume = repeated("resume", place / "large", args.rounds)
    result = {
        "machine": {**described, "load_after": os.getloadavg()[0]},
        "tokens": args.tokens,
        "large": args.large,
        "rounds": args.rounds,
        "contexts": CONTEXTS,
        "speeds": speeds,
        "wait": wait,
        "resume": resume,
        "ratios": ratios(speeds, wait, resume),
    }
    RESULT.write_text(json.dumps(result, indent=1) + "\n")
    TABLE.write_text(table(result, __doc__ or ""))
    print(TABLE.read_text())


if __name__ == "__main__":
    main()

"""Rounds of plain loop and Headwater in turn: tokens a second, then held-out loss after as many seconds for each."""

from __future__ import annotations

import argparse
import json
import os
import platform
import re
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import torch

from benchmarks.train.contestant import BATCH, CONTEXT, PLAIN_RATE, RATE, SHAPE, THREADS
from benchmarks.train.tokens import make

HERE = Path(__file__).resolve().parent
RESULT, DOCS = HERE.parent / "results" / "train.json", HERE.parents[1] / "docs" / "training.md"
START, END = "<!-- table of make bench-train -->", "<!-- end of table -->"
# name in the table: contestant, dtype
RUNS = {
    "plain, float32": ("plain", "float32"),
    "plain, bfloat16": ("plain", "bfloat16"),
    "headwater, float32": ("headwater", "float32"),
    "headwater, auto": ("headwater", "auto"),
}
PER_STEP = BATCH * CONTEXT


def run(work: Path, name: str, tokens: int, number: int) -> dict[str, Any]:
    contestant, dtype = RUNS[name]
    out = work / f"out-{number}"
    command = [sys.executable, "-m", "benchmarks.train.contestant", contestant, str(work), str(out), str(tokens), dtype]
    # Threads that sleep between two operations, for both: see training/__init__.py.
    environment = os.environ | {"OMP_WAIT_POLICY": "passive"}
    done = subprocess.run(command, cwd=HERE.parents[1], env=environment, stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def measure(work: Path, rounds: int, steps: int, seconds: float) -> dict[str, Any]:
    counts = make(work)
    speeds: dict[str, list[float]] = {name: [] for name in RUNS}
    found: dict[str, dict[str, Any]] = {}
    number = 0
    for turn in range(rounds):
        names = list(RUNS)
        for name in names[turn % len(names) :] + names[: turn % len(names)]:
            found[name] = run(work, name, steps * PER_STEP, number)
            speeds[name].append(PER_STEP / found[name]["step_seconds"])
            print(f"round {turn + 1}  {name}: {speeds[name][-1]:,.0f} tokens/s", file=sys.stderr, flush=True)
            number += 1
    base = statistics.median(speeds["plain, float32"])
    results = {}
    for name in RUNS:
        speed = statistics.median(speeds[name])
        long = run(work, name, int(speed * seconds), number)
        number += 1
        ratios = [mine / theirs for mine, theirs in zip(speeds[name], speeds["plain, float32"], strict=True)]
        results[name] = {
            "tokens_per_second": speed,
            "ratio": speed / base,
            "ratio_of_rounds": statistics.median(ratios),
            "parameters": long["parameters"],
            "tokens": long["steps"] * PER_STEP,
            "seconds": long["seconds"],
            "heldout_loss": long["heldout_loss"],
            "data_wait": long["data_wait"],
        }
        print(f"{name}: {results[name]}", file=sys.stderr, flush=True)
    return {
        "machine": f"{os.cpu_count()} cores, {cpu()}, Python {platform.python_version()}, torch {torch.__version__}",
        "load": os.getloadavg()[0],
        "corpus": {"name": f"docstrings of Python {platform.python_version()}'s standard library", **counts},
        "shape": {"batch": BATCH, "context": CONTEXT, "threads": THREADS, **vars(SHAPE)},
        "rounds": rounds,
        "runs": results,
    }


def cpu() -> str:
    info = Path("/proc/cpuinfo")
    names = re.findall(r"model name\s*: (.*)", info.read_text()) if info.is_file() else []
    return names[0] if names else platform.processor()


def table(result: dict[str, Any]) -> str:
    corpus, shape = result["corpus"], result["shape"]
    lines = [
        START,
        "",
        f"{result['machine']}; load {result['load']:.1f} at the end. {shape['layers']} layers of {shape['width']}, "
        f"{shape['heads']} heads, vocabulary {shape['vocabulary']}; {shape['batch']} sequences of {shape['context']} a "
        f"step, {shape['threads']} threads. Text: {corpus['name']}, {corpus['train']:,} tokens, "
        f"{corpus['heldout']:,} held out. Learning rates {PLAIN_RATE} (plain) and {RATE}; medians of "
        f"{result['rounds']} rounds in turn.",
        "",
        "| | parameters | tokens/s | beside plain, float32 | seconds | tokens | held-out loss |",
        "|---|---|---|---|---|---|---|",
    ]
    for name, found in result["runs"].items():
        lines.append(
            f"| {name} | {found['parameters'] / 1e6:.2f}M | {found['tokens_per_second']:,.0f} | "
            f"{found['ratio_of_rounds']:.2f} | {found['seconds']:.0f} | {found['tokens']:,} | "
            f"{found['heldout_loss']:.3f} |"
        )
    waits = [found["data_wait"] for found in result["runs"].values() if found["data_wait"] is not None]
    if waits:
        lines += ["", f"Headwater waits for data {max(waits):.2%} of the time."]
    return "\n".join([*lines, "", END])


def main() -> None:
    flags = argparse.ArgumentParser(description=__doc__)
    flags.add_argument("--rounds", type=int, default=5)
    flags.add_argument("--steps", type=int, default=20, help="of a round")
    flags.add_argument("--seconds", type=float, default=75, help="of each run whose held-out loss is compared")
    given = flags.parse_args()
    with tempfile.TemporaryDirectory() as work:
        result = measure(Path(work), given.rounds, given.steps, given.seconds)
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_text(json.dumps(result, indent=1) + "\n")
    text = DOCS.read_text()
    before, after = text[: text.index(START)], text[text.index(END) + len(END) :]
    DOCS.write_text(before + table(result) + after)
    print(table(result))


if __name__ == "__main__":
    main()

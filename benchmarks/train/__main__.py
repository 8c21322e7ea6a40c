"""Plain loop and Headwater step by step in turn: tokens a second, and held-out loss after as many seconds for each. In
bfloat16 where the processor has matrix units for it: without, a step takes minutes."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import torch

from benchmarks.machine import machine
from benchmarks.train.contestant import BATCH, CONTEXT, PLAIN_RATE, RATE, SHAPE, THREADS
from benchmarks.train.tokens import make
from training.distributed.device import choose_dtype

HERE = Path(__file__).resolve().parent
RESULT, DOCS = HERE.parent / "results" / "train.json", HERE.parents[1] / "docs" / "training.md"
START, END = "<!-- table of make bench-train -->", "<!-- end of table -->"
# name in the table: contestant, dtype
RUNS = {
    "plain, float32": ("plain", "float32"),
    "plain, bfloat16": ("plain", "bfloat16"),
    "headwater, auto": ("muon", "auto"),
    "headwater, float32": ("muon", "float32"),
    "headwater, float32, AdamW": ("adamw", "float32"),
}
BASE = "plain, float32"
if choose_dtype("auto", torch.device("cpu")) != torch.bfloat16:
    RUNS = {name: run for name, run in RUNS.items() if run[1] == "float32"}
PER_STEP = BATCH * CONTEXT
TRIAL = 10  # steps, from whose speed a run is planned


def take_turns(work: Path, tokens: dict[str, int]) -> dict[str, dict[str, Any]]:
    """Runs each for so many tokens. Always one step of the one that has had the least time; the others wait."""
    # Threads that sleep between two operations, for both: see training/__init__.py.
    environment = os.environ | {"OMP_WAIT_POLICY": "passive"}
    running, spent, found = {}, dict.fromkeys(tokens, 0.0), {}
    for number, name in enumerate(tokens):
        contestant, dtype = RUNS[name]
        out = Path(tempfile.mkdtemp(dir=work)) / f"out-{number}"
        running[name] = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.train.contestant", contestant, work, out, str(tokens[name]), dtype],
            cwd=HERE.parents[1],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        _line(running[name])  # it has begun, and its first step is done
    while running:
        name = min(running, key=lambda one: spent[one])
        running[name].stdin.write("\n")
        running[name].stdin.flush()
        line = _line(running[name])
        if line.startswith("{"):
            found[name] = json.loads(line)
            running.pop(name).communicate()
        else:
            spent[name] += float(line)
    return found


def _line(process: Any) -> str:
    line = process.stdout.readline()
    if not line:
        sys.exit(f"{process.args} ended with {process.wait()}")
    return line


def measure(work: Path, seconds: float) -> dict[str, Any]:
    host, counts = machine(), make(work)
    short = take_turns(work, dict.fromkeys(RUNS, TRIAL * PER_STEP))
    plan = {name: int(seconds / found["step_seconds"]) * PER_STEP for name, found in short.items()}
    found = take_turns(work, plan)
    base = found[BASE]["step_seconds"]
    results = {
        name: {
            "tokens_per_second": PER_STEP / found[name]["step_seconds"],
            "ratio": base / found[name]["step_seconds"],
            "tokens": plan[name],
            **{key: found[name][key] for key in ("parameters", "seconds", "heldout_loss", "data_wait")},
        }
        for name in RUNS
    }
    return {
        "machine": f"{host['cores']} cores, {host['model']}, Python {host['python']}, torch {torch.__version__}",
        "load": os.getloadavg()[0],
        "corpus": {"name": f"docstrings of Python {host['python']}'s standard library", **counts},
        "shape": {"batch": BATCH, "context": CONTEXT, "threads": THREADS, **vars(SHAPE)},
        "runs": results,
    }


def table(result: dict[str, Any]) -> str:
    corpus, shape = result["corpus"], result["shape"]
    lines = [
        START,
        "",
        f"{result['machine']}; load {result['load']:.1f} at the end. {shape['layers']} layers of {shape['width']}, "
        f"{shape['heads']} heads, vocabulary {shape['vocabulary']}; {shape['batch']} sequences of {shape['context']} a "
        f"step, {shape['threads']} threads. Text: {corpus['name']}, {corpus['train']:,} tokens, "
        f"{corpus['heldout']:,} held out. Learning rates {PLAIN_RATE} (plain) and {RATE}.",
        "",
        "| | parameters | tokens/s | beside plain, float32 | seconds | tokens | held-out loss |",
        "|---|---|---|---|---|---|---|",
    ]
    for name, found in result["runs"].items():
        lines.append(
            f"| {name} | {found['parameters'] / 1e6:.2f}M | {found['tokens_per_second']:,.0f} | "
            f"{found['ratio']:.2f} | {found['seconds']:.0f} | {found['tokens']:,} | "
            f"{found['heldout_loss']:.3f} |"
        )
    waits = [found["data_wait"] for found in result["runs"].values() if found["data_wait"] is not None]
    if waits:
        lines += ["", f"Headwater waits for data {max(waits):.2%} of the time."]
    return "\n".join([*lines, "", END])


def main() -> None:
    flags = argparse.ArgumentParser(description=__doc__)
    flags.add_argument("--seconds", type=float, default=75, help="of each run whose held-out loss is compared")
    given = flags.parse_args()
    with tempfile.TemporaryDirectory() as work:
        result = measure(Path(work), given.seconds)
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_text(json.dumps(result, indent=1) + "\n")
    text = DOCS.read_text()
    before, after = text[: text.index(START)], text[text.index(END) + len(END) :]
    DOCS.write_text(before + table(result) + after)
    print(table(result))


if __name__ == "__main__":
    main()

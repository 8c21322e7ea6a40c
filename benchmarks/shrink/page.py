"""Page: docs/shrinking-measured.md, made of what was measured."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import pyarrow as pa

from benchmarks.dedup.contestants import BENCHMARKS
from benchmarks.machine import describe
from benchmarks.shrink.variants import BASE, FURTHER
from training.significance.comparison import compare_results
from training.significance.multiplicity import adjust_holm
from training.significance.results import Results

TABLE = BENCHMARKS.parent / "docs" / "shrinking-measured.md"
TASK = "bits_per_byte"
ABOUT = """# Shrinking, measured

`make bench-shrink` trains a model of {weights:,} weights (4 layers of 256, 8 heads, a vocabulary of 4,096) on
{tokens:,} tokens of docstrings of Python's standard library, makes it smaller in every way, and measures each in a
process of its own, on one thread. What is trained further reads {further:,} tokens. Bits a weight count the whole file,
and memory the weights as they are held. Speeds are ratios of the processor's time: reading 8 sequences of 256 tokens,
and writing 128 tokens one by one. Differences in bits per byte are paired over {n} held-out sequences, with their 95 %
interval; p is corrected for the number of variants (Holm). {machine}

| | weights | bits a weight | file, MB | memory, MB | reading | writing | bits per byte | difference | 95 % | p |
|---|---|---|---|---|---|---|---|---|---|---|
"""
FILES = """
The same model as files for other runtimes; how far a logit is from the checkpoint's, as a share of the largest one.

| | MB | difference |
|---|---|---|
"""


def page(found: Mapping[str, Any]) -> str:
    base = found["models"][BASE]
    lines = [
        ABOUT.format(
            weights=base["weights"],
            tokens=found["tokens"],
            further=FURTHER,
            n=len(base["bits"]),
            machine=describe(found["machine"]).strip(),
        )
    ]
    differences = {name: _compare(name, one, base) for name, one in found["models"].items() if name != BASE}
    corrected = dict(zip(differences, adjust_holm([one.p for one in differences.values()]), strict=True))
    for name, one in found["models"].items():
        cells = [name, f"{one['weights']:,}", f"{8 * one['file'] / one['weights']:.2f}"]
        cells += [f"{one[size] / 1e6:.2f}" for size in ("file", "held")]
        cells += [f"{one[act] / base[act]:.2f}" for act in ("read", "written")]
        cells.append(f"{sum(one['bits']) / sum(one['bytes']):.4f}")
        if name == BASE:
            cells += [""] * 3
        else:
            apart = differences[name]
            share = [100 * value / apart.a for value in (apart.value, apart.low, apart.high)]
            cells += [f"{share[0]:+.2f} %", f"{share[1]:+.2f} to {share[2]:+.2f} %", f"{corrected[name]:.2g}"]
        lines.append(f"| {' | '.join(cells)} |\n")
    lines.append(FILES)
    for name, file in found["files"].items():
        lines.append(f"| {name} | {file['bytes'] / 1e6:.2f} | {file['difference']:.1g} |\n")
    return "".join(lines)


def _compare(name: str, one: Mapping[str, Any], base: Mapping[str, Any]) -> Any:
    [task] = compare_results({BASE: {TASK: _results(BASE, base)}}, {name: {TASK: _results(name, one)}}).tasks
    return task.difference


def _results(name: str, one: Mapping[str, Any]) -> Results:
    digest, count = hashlib.sha256(name.encode()).hexdigest(), len(one["bits"])
    score = {
        "task": TASK,
        "version": 1,
        "definition": TASK,
        "metric": TASK,
        "higher_is_better": False,
        "chance": None,
        "inputs": {"data": TASK, "checkpoint": digest},
    }
    ids = [str(number) for number in range(count)]
    columns = {
        **dict.fromkeys(("item_id", "doc_hash", "prompt_hash", "cluster"), ids),
        "group": [""] * count,
        "value": pa.array(one["bits"], pa.float64()),
        "weight": pa.array(one["bytes"], pa.float64()),
    }
    return Results(score, pa.table(columns))

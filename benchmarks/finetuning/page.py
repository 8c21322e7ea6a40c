"""Page: docs/finetuning-measured.md, made of what the runs stored."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from benchmarks.dedup.contestants import BENCHMARKS
from benchmarks.finetuning.tasks import DATA
from training.significance.comparison import TaskComparison, compare_results
from training.significance.results import Results

TABLE = BENCHMARKS.parent / "docs" / "finetuning-measured.md"
Runs = Mapping[str, Mapping[str, Sequence[Mapping[str, Any]]]]  # by task and initial weights: a seed each
PRETRAINED, RANDOM = "pretrained", "random"
ABOUT = """# Fine-tuning, measured

`make bench-finetuning` pretrains a small GPT-BERT and a small T5 on books, news and Wikipedia in English and articles
in Chinese ({tokens:,} tokens each, as recipes), and fine-tunes them for each task by `training/finetune.py`, from these
weights and from random ones in the same shape; the GPT-BERT as an encoder (`--attention both-sides`), the T5 for what
is to be written. Settings are the same for all tasks; the best epoch is chosen on validation examples, the scores are
of test examples.

| task | data | examples | metric | pretrained | random weights | needs no model | TF-IDF, logistic regression |
|---|---|---|---|---|---|---|---|
"""
PAIRED = """
What pretraining is worth, paired over test examples and seeds, p corrected for the number of tasks (Holm):

| task | seeds | difference | 95 % | p |
|---|---|---|---|---|
"""


def page(found: Mapping[str, Any]) -> str:
    runs: Runs = found["runs"]
    lines = [ABOUT.format(tokens=found["tokens"])]
    for name, arms in runs.items():
        first = arms[PRETRAINED][0]
        examples = f"{first['examples']['train']:,} train, {first['n']:,} test"
        [(what, plain)] = first["beside"].items()
        baseline = f"{plain['value']:.3f} ({what})"
        words = f"{found['words'][name]:.3f}" if name in found["words"] else ""
        cells = (name, DATA[name].what, examples, first["metric"], _cell(arms[PRETRAINED]), _cell(arms[RANDOM]))
        lines.append(f"| {' | '.join((*cells, baseline, words))} |\n")
    lines.append(PAIRED)
    for task in compare(runs):
        found_difference = task.difference
        interval = f"{found_difference.low:+.4f} to {found_difference.high:+.4f}"
        seeds = len(runs[task.task][PRETRAINED])
        lines.append(f"| {task.task} | {seeds} | {found_difference.value:+.4f} | {interval} | {task.p_holm:.2g} |\n")
    return "".join(lines)


def _cell(runs: Sequence[Mapping[str, Any]]) -> str:
    """The mean over the seeds, and the interval of the first over its examples."""
    mean = np.mean([run["score"]["value"] for run in runs])
    return f"{mean:.3f} ({runs[0]['score']['low']:.3f} to {runs[0]['score']['high']:.3f})"


def compare(runs: Runs) -> Sequence[TaskComparison]:
    """Pretrained beside random weights, by task; of each as many seeds as all have."""
    found = []
    for seeds in sorted({len(arms[PRETRAINED]) for arms in runs.values()}, reverse=True):
        tasks = [name for name, arms in runs.items() if len(arms[PRETRAINED]) == seeds]
        sides = [
            {
                f"{initial}-{seed}": {name: _results(name, initial, seed, runs[name][initial][seed]) for name in tasks}
                for seed in range(seeds)
            }
            for initial in (RANDOM, PRETRAINED)
        ]
        found += compare_results(*sides).tasks
    return found


def _results(name: str, initial: str, seed: int, run: Mapping[str, Any]) -> Results:
    digest = hashlib.sha256(f"{name} {initial} {seed}".encode()).hexdigest()
    score = {
        "task": name,
        "version": 1,
        "definition": run["metric"],
        "metric": run["metric"],
        "higher_is_better": True,
        "chance": None,
        "inputs": {"data": name, "checkpoint": digest},
    }
    ids = [str(number) for number in range(run["n"])]
    columns = {
        "item_id": ids,
        "doc_hash": ids,
        "prompt_hash": ids,
        "cluster": ids,
        "group": [""] * run["n"],
        "value": pa.array(run["values"], pa.float64()),
        "weight": pa.array(run["weights"], pa.float64()),
    }
    return Results(score, pa.table(columns))

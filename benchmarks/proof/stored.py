"""Stored: the scores of each run, below benchmarks/results/proof/LANGUAGE. All of docs/proof.md is made of them, so
that it can be made again without a model.

    inputs.json              how many pages and texts there were, by where they are from
    same.json                arms whose data is Headwater's own, so that no model is trained
    items/DIGEST.parquet     a row an item that was asked
    ARM....parquet           what one run got: a number for each of these rows

Of a held-out text stand its bits and its bytes, under the task of its domain. Of a question it is the bits and bytes of
the right answer, which say more of a small model than whether it is the likeliest (DataDecide, Magnusson et al. 2025).
Of a minimal pair it is the bits of choosing the right one of the two sentences, which have few other differences.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from benchmarks.dedup.contestants import BENCHMARKS
from training.significance.results import Results

RESULTS = BENCHMARKS / "results" / "proof"
DOMAINS, PAIRS = "texts", "blimp"
VALUE, COUNTS, SAME = "value", "inputs.json", "same.json"
UNIT = "bits"  # over bytes; of a minimal pair, over one choice
COLUMNS = pa.schema(
    [
        pa.field("task", pa.dictionary(pa.int32(), pa.string())),
        pa.field("item_id", pa.string()),
        pa.field("doc_hash", pa.string()),
        pa.field("cluster", pa.string()),
        pa.field("value", pa.float32()),
        pa.field("weight", pa.float32()),
    ]
)


@dataclass(frozen=True, kw_only=True)
class Run:
    """`tokens`: those trained on; `data_tokens`: those of the data, of so many `documents`; `contaminated`:
    how many it lost because they held a scored text. `seconds`: of training. `data`: the digest of its shards.
    `checkpoint`: of the model. `scores`: rows of COLUMNS."""

    arm: str
    seed: int
    learning_rate: float
    tokens: int
    data_tokens: int
    documents: int
    contaminated: int
    seconds: float
    data: str
    checkpoint: str
    scores: pa.Table

    @property
    def name(self) -> str:
        return run_name(self.arm, self.tokens, self.learning_rate, self.seed)


def run_name(arm: str, tokens: int, learning_rate: float, seed: int) -> str:
    """Of a recipe and of a file: all in which two runs of one arm may differ."""
    return f"{arm}.tokens-{tokens}.rate-{learning_rate:g}.seed-{seed}"


def scores_of(found: Mapping[str, Results]) -> pa.Table:
    """The rows of a run's results, of tasks as the graph has scored them."""
    rows = [row for name, results in sorted(found.items()) for row in _rows(name, results)]
    return pa.Table.from_pylist(rows, schema=COLUMNS)


def write_run(run: Run, folder: Path) -> None:
    items = run.scores.drop_columns([VALUE])
    digest = hashlib.sha256(json.dumps(items.to_pylist()).encode()).hexdigest()[:16]
    about = {field.name: getattr(run, field.name) for field in fields(run) if field.name != "scores"}
    (folder / "items").mkdir(parents=True, exist_ok=True)
    _write(items, folder / "items" / f"{digest}.parquet")
    about = {"run": json.dumps(about, sort_keys=True), "items": digest}
    _write(run.scores.select([VALUE]).replace_schema_metadata(about), folder / f"{run.name}.parquet")


def write_counts(counts: Mapping[str, Any], folder: Path) -> None:
    """Of what all runs have in common: pages by source, held-out texts by domain, questions by benchmark."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / COUNTS).write_text(json.dumps(counts, indent=1) + "\n")


def read_counts(folder: Path) -> dict[str, dict[str, int]]:
    path = folder / COUNTS
    return json.loads(path.read_text()) if path.exists() else {}


def write_same(same: Mapping[str, bool], folder: Path) -> None:
    """By arm, whether its data is the same as Headwater's. Of other arms stands what was known before."""
    known = {name for name in read_same(folder) if same.get(name, True)}
    (folder / SAME).write_text(json.dumps(sorted(known | {name for name in same if same[name]})) + "\n")


def read_same(folder: Path) -> list[str]:
    path = folder / SAME
    return json.loads(path.read_text()) if path.exists() else []


def read_runs(folder: Path) -> list[Run]:
    runs = []
    for path in sorted(folder.glob("*.parquet")):
        values = pq.read_table(path)
        about = values.schema.metadata
        items = pq.read_table(folder / "items" / f"{about[b'items'].decode()}.parquet")
        scores = items.append_column(VALUE, values[VALUE]).select(COLUMNS.names)
        runs.append(Run(scores=scores, **json.loads(about[b"run"])))
    return runs


def _write(table: pa.Table, path: Path) -> None:
    pq.write_table(table, path, compression="zstd", compression_level=19)


def results_of(run: Run) -> dict[str, Results]:
    """By task, in the form that training.significance compares. Lower is better in all of them."""
    found = {}
    for task in pc.unique(run.scores["task"]).to_pylist():
        rows = run.scores.filter(pc.equal(run.scores["task"], task))
        score = {
            "task": task,
            "version": 1,
            "definition": UNIT,
            "metric": UNIT,
            "higher_is_better": False,
            "chance": None,
            "inputs": {"data": task, "checkpoint": run.checkpoint},
        }
        items = {
            **{name: rows[name] for name in ("item_id", "doc_hash", "cluster")},
            "prompt_hash": rows["doc_hash"],
            "group": [""] * len(rows),
            **{name: rows[name].cast(pa.float64()) for name in ("value", "weight")},
        }
        found[task] = Results(score, pa.table(items))
    return found


def _rows(name: str, results: Results) -> Iterator[dict[str, Any]]:
    for item in results.items.to_pylist():
        value, weight = item["value"], item["weight"]
        if name == PAIRS:
            right, wrong = (item["log_likelihoods"][choice] for choice in (item["gold"], 1 - item["gold"]))
            value, weight = math.log2(1 + math.exp(min(wrong - right, 700))), 1.0
        elif name != DOMAINS:
            right, size = item["log_likelihoods"][item["gold"]], item["bytes"][item["gold"]]
            value, weight = -right / math.log(2), float(size)
        yield {
            "task": item["group"] if name == DOMAINS else name,
            "item_id": item["item_id"],
            "doc_hash": item["doc_hash"],
            "cluster": item["cluster"],
            "value": value,
            "weight": weight,
        }

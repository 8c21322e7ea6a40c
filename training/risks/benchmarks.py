"""Benchmarks: how a score changes when the questions are written with errors, in capitals or with other spaces.

Changed are the fields of a row that its question is made of. The words of the prompt around them, solved examples
before it, and whatever the model chooses from or has to say stay as they are.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from heapq import nsmallest
from pathlib import Path

import numpy as np
import pyarrow as pa

from training.evaluation.catalog import find_tasks
from training.evaluation.generation import Generation
from training.evaluation.items import load_items
from training.evaluation.kinds import Choice, Completion
from training.evaluation.task import Doc, Row, Task, fill, names
from training.inference.model import Model
from training.risks.findings import Finding, found
from training.risks.perturbations import PERTURBATIONS, Perturb, perturb
from training.significance.alignment import Pairs, Side
from training.significance.clusters import number_clusters
from training.significance.difference import estimate_difference
from training.significance.intervals import Estimate, estimate

RISK = "robustness"
Prompted = Choice | Completion | Generation  # the kinds of task whose question stands before the answer


@dataclass(frozen=True, kw_only=True)
class Benchmark:
    """`docs`: what is asked, of the rows `rows`; `fields`: those of a row that are changed."""

    task: Prompted
    docs: Sequence[Doc]
    rows: Sequence[Row]
    fields: Sequence[str]


def read_benchmarks(paths: Mapping[str, Path], items: int) -> list[Benchmark]:
    """`paths`: the data of a task by its name, or by a .py file that defines tasks. Of each `items` at most, the first
    by a hash of their names. Raises ValueError or FileNotFoundError where one cannot be asked so."""
    return [_read(name, task, path, items) for name, path in paths.items() for task in find_tasks(name)]


def _read(name: str, task: Task, path: Path, items: int) -> Benchmark:
    if not isinstance(task, Prompted) or not (fields := _asked_fields(task)):
        raise ValueError(
            f"--benchmark {name}: it has no question apart from the answers that could be written otherwise; take one "
            "whose task has a prompt with fields, such as piqa or hellaswag"
        )
    read = load_items(task, path)
    hashes = [sha256(doc["item_id"].encode()).digest() for doc in read.docs]
    first = nsmallest(items, range(len(hashes)), key=hashes.__getitem__)
    docs, rows = ([some[place] for place in first] for some in (read.docs, read.rows))
    return Benchmark(task=task, docs=docs, rows=rows, fields=fields)


def _asked_fields(task: Prompted) -> list[str]:
    """Those of the prompt that are no answer, too."""
    if isinstance(task, Completion):
        answers = names(task.target)
    else:
        what = task.options if isinstance(task, Choice) else task.references
        answers = [what] if isinstance(what, str) else names(*what)
    return [name for name in names(task.prompt) if name not in answers]


def measure_benchmarks(model: Model, benchmarks: Sequence[Benchmark]) -> Iterator[Finding]:
    """The score as the questions are, and how much higher it is in each other form: the same items, in pairs."""
    for one in benchmarks:
        plain = _ask(model, one, one.docs)
        clusters, count = plain["cluster"].to_pylist(), len(one.docs)
        score = estimate(*_values(plain), clusters)
        yield found(RISK, f"{one.task.name}: {one.task.main}", "as it is", score, count)
        for name, how in PERTURBATIONS.items():
            docs = [_rewrite(one, doc, row, how) for doc, row in zip(one.docs, one.rows, strict=True)]
            change = _difference(plain, _ask(model, one, docs))
            yield found(RISK, f"{one.task.name}: change of {one.task.main}", name, change, count, 0.0)


def _rewrite(benchmark: Benchmark, doc: Doc, row: Row, how: Perturb) -> Doc:
    """An item whose question is written otherwise, behind the same words."""
    prompt = benchmark.task.prompt
    before = str(doc["context"]).removesuffix(fill(prompt, row))
    changed = {name: perturb([row[name]], how)[0] for name in benchmark.fields if isinstance(row.get(name), str)}
    return {**doc, "context": before + fill(prompt, {**row, **changed})}


def _ask(model: Model, benchmark: Benchmark, docs: Sequence[Doc]) -> pa.Table:
    from training.evaluation.harness import ask_items, build_table  # lm-eval: seconds, for those who ask a benchmark
    from training.evaluation.language_model import LanguageModel

    return build_table(benchmark.task, docs, ask_items(LanguageModel(model), benchmark.task, docs))


def _values(items: pa.Table) -> tuple[np.ndarray, np.ndarray]:
    return items["value"].to_numpy(), items["weight"].to_numpy()


def _difference(plain: pa.Table, changed: pa.Table) -> Estimate:
    sides = [Side(values=values[None], weights=weights[None]) for values, weights in map(_values, (plain, changed))]
    clusters = number_clusters(plain["cluster"].to_pylist(), len(plain))
    groups = np.asarray(plain["group"].to_pylist())
    result = estimate_difference(Pairs(a=sides[0], b=sides[1], numbers=clusters, groups=groups))
    return Estimate(result.value, result.low, result.high, result.standard_error, result.method)

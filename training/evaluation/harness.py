"""Harness: lm-eval asks a model the items of a task; what comes back is a row an item.

lm-eval's `evaluate` rather than `simple_evaluate` around it, which also seeds every generator of the process, runs git
and collects the versions of all installed packages: nothing that a score needs.
"""

from __future__ import annotations

import logging
import math
import os
from collections.abc import Sequence
from typing import Any

import pyarrow as pa

from corpus.lake.manifest import canonical_json, sha256
from training.evaluation.task import Doc, Task
from training.significance.results import ITEMS

for name in ("HF_HUB_OFFLINE", "HF_DATASETS_OFFLINE", "HF_EVALUATE_OFFLINE", "TRANSFORMERS_OFFLINE"):
    os.environ[name] = "1"  # before they are imported: all that is asked lies on this machine

from datasets import Dataset  # noqa: E402
from lm_eval.api.task import ConfigurableTask  # noqa: E402
from lm_eval.evaluator import evaluate  # noqa: E402

logging.getLogger("lm_eval").setLevel(logging.ERROR)


def lm_eval_task(task: Task, docs: Sequence[Doc]) -> ConfigurableTask:
    """The task as lm-eval's own, its items in place: nothing is looked up or fetched."""
    split = Dataset.from_list(list(docs))
    config = {
        "task": task.name,
        "custom_dataset": lambda **_: {"test": split},
        "test_split": "test",
        "num_fewshot": 0,  # those that a task has stand in its items' context
        "metric_list": [
            {
                "metric": name,
                "aggregation": "bits_per_byte" if name == "bits_per_byte" else "mean",
                "higher_is_better": task.higher_is_better,
            }
            for name in task.metrics
        ],
        **task.config(),
    }
    return ConfigurableTask(config=config)


def ask_items(model: Any, task: Task, docs: Sequence[Doc]) -> list[dict[str, Any]]:
    """lm-eval's samples, one an item in their order. `model` is any lm_eval LM."""
    found = evaluate(model, {"tasks": {task.name: lm_eval_task(task, docs)}, "groups": {}}, bootstrap_iters=0)
    samples = sorted(found["samples"][task.name], key=lambda sample: sample["doc_id"])
    assert len(samples) == len(docs)
    return samples


def build_table(task: Task, docs: Sequence[Doc], samples: Sequence[dict[str, Any]]) -> pa.Table:
    """ITEMS, and a column for each of the task's metrics; of choices also how many are `tied` as the best."""
    rows = [_row(task, doc, sample) for doc, sample in zip(docs, samples, strict=True)]
    schema = ITEMS
    for metric in task.metrics:
        schema = schema.append(pa.field(metric, pa.float64(), nullable=False))
    if task.ties_metric:
        schema = schema.append(pa.field(task.ties_metric, pa.float64(), nullable=False))
        schema = schema.append(pa.field("tied", pa.int32(), nullable=False))
    return pa.Table.from_pylist(rows, schema)


def _row(task: Task, doc: Doc, sample: dict[str, Any]) -> dict[str, Any]:
    answers = [found[0] for found in sample["resps"]]
    generated = isinstance(answers[0], str)
    pairs = [] if generated else [found if isinstance(found, tuple | list) else (found, None) for found in answers]
    texts = [] if generated else task.choices(doc)
    if any(math.isnan(likelihood) for likelihood, _ in pairs):
        raise ValueError(f"{task.name}: item {doc['item_id']} has a log-likelihood that is NaN; look at the weights")
    outcome = task.outcome(doc, sample)
    return {
        **{name: doc[name] for name in ("item_id", "cluster", "group")},
        "doc_hash": sample["doc_hash"],
        "prompt_hash": sha256(canonical_json(sample["arguments"])),
        "gold": doc.get("answer"),
        "log_likelihoods": [float(likelihood) for likelihood, _ in pairs],
        "greedy": [greedy for _, greedy in pairs if greedy is not None],
        "characters": [len(text) for text in texts],
        "bytes": [len(text.encode()) for text in texts],
        "generated": answers[0] if generated else None,
        "value": outcome[task.main],
        **outcome,
    }

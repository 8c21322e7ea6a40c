"""Results: what the predictions of a task come to, in the form of all scores (training/significance/results.py), so
that fine-tuned models are listed, reported and compared as any checkpoint is.

predictions.jsonl   an example that was scored a line: what the model said, and its value and weight in the metric
items.parquet       the same values and weights, in the form of all items
score.json          written last: where it is, all is there
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from corpus.lake.manifest import sha256
from corpus.lake.stages import FINETUNED
from training.finetuning.fields import Example
from training.finetuning.tasks import Prediction, Scores, Task
from training.significance.intervals import estimate
from training.significance.results import ITEMS, write_results

VERSION = 1  # of how examples are scored
SCORE, PREDICTIONS = "score.json", "predictions.jsonl"


@dataclass(frozen=True, kw_only=True)
class Scored:
    """The examples that were asked, in their order. `trivial`: the scores of the task's baseline."""

    task: Task
    examples: Sequence[Example]
    predictions: Sequence[Prediction]
    scores: Scores
    trivial: Scores

    @property
    def clusters(self) -> list[str]:
        """Equal for examples about one passage."""
        return [self.task.passage(one) or str(number) for number, one in enumerate(self.examples)]

    def score(self, made_from: Mapping[str, Any], **about: Any) -> dict[str, Any]:
        """The content of score.json. `made_from`: all that decides the model and its scores. `about`: what it says
        besides."""
        task, scores, clusters = self.task, self.scores, self.clusters
        said = {"task": task.NAME, "metric": task.METRIC, "version": VERSION}
        baseline = {**interval(self.trivial, clusters), "metrics": dict(self.trivial.metrics)}
        return {
            **said,
            "kind": FINETUNED,
            "definition": _digest(said),
            "higher_is_better": True,
            "chance": None,
            "n": len(self.examples),
            "clusters": len(set(clusters)),
            "score": interval(scores, clusters),
            "metrics": {name: {"value": value} for name, value in scores.metrics.items()},
            "ties": None,
            "lost": None,
            "groups": {},
            "beside": {task.TRIVIAL: baseline},
            "inputs": {"checkpoint": _digest(made_from), "data": _digest(list(self.examples))},
            **scores.tables,
            **about,
            "made_from": made_from,
        }

    def items(self) -> pa.Table:
        digests = [_digest(example) for example in self.examples]
        numbers = [str(number) for number in range(len(self.examples))]
        blank: dict[str, list[Any]] = {name: [[] for _ in numbers] for name in ITEMS.names}
        nothing = {"gold": [None] * len(numbers), "generated": [None] * len(numbers), "group": [""] * len(numbers)}
        named = {"item_id": numbers, "doc_hash": digests, "prompt_hash": digests, "cluster": self.clusters}
        counted = {"value": self.scores.values.astype(float), "weight": self.scores.weights.astype(float)}
        return pa.table({**blank, **nothing, **named, **counted}, ITEMS)

    def write(self, out: Path, score: Mapping[str, Any]) -> None:
        each = zip(self.examples, self.predictions, self.scores.values, self.scores.weights, strict=True)
        lines = [
            json.dumps(
                {"example": example, "prediction": said, "value": float(value), "weight": float(weight)},
                ensure_ascii=False,
                default=str,
            )
            + "\n"
            for example, said, value, weight in each
        ]
        (out / PREDICTIONS).write_text("".join(lines), encoding="utf-8")
        write_results(out, score, self.items())


def _digest(value: Any) -> str:
    """Of JSON, of other values as text: a table's dates."""
    return sha256(json.dumps(value, sort_keys=True, ensure_ascii=False, default=str).encode())


def interval(scores: Scores, clusters: Sequence[str]) -> dict[str, float]:
    """The task's own metric with its 95 % interval over items; 0 where no item counts, as where no entity is there."""
    if not scores.weights.sum():
        return {"value": 0.0, "low": 0.0, "high": 0.0}
    found = estimate(scores.values, scores.weights, clusters)
    return {"value": found.value, "low": found.low, "high": found.high}

"""Finished: the folder that a fine-tuning leaves behind, and its model, ready to be used.

model/              as transformers loads it, with task.json: the task, its labels and the plan; none of folds
predictions.jsonl   an example that was scored a line: what the model said, and its value and weight in the metric
scores.json         written last: where it is, all is there
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch

from corpus.lake.manifest import canonical_json
from training.distributed.device import pick_device
from training.finetuning.catalog import TASKS
from training.finetuning.fields import Example
from training.finetuning.inputs import OPTIONS, Inputs, load_inputs
from training.finetuning.plan import FinetunePlan
from training.finetuning.tasks import Prediction, Scores, Task
from training.significance.intervals import estimate

SCORES, PREDICTIONS, MODEL, TASK = "scores.json", "predictions.jsonl", "model", "task.json"


@dataclass(frozen=True, kw_only=True)
class Finetuned:
    """A model with its task."""

    task: Task
    model: Any
    inputs: Inputs

    def predict(self, examples: Sequence[Example]) -> list[Prediction]:
        return self.task.predict(self.model, self.inputs, examples)


def load_finetuned(folder: Path, batch: int = 16) -> Finetuned:
    """Of the folder, or of model/ in it. Raises FileNotFoundError where there is none."""
    folder = folder / MODEL if (folder / MODEL).is_dir() else folder
    if not (folder / TASK).is_file():
        raise FileNotFoundError(f"{folder}: no fine-tuned model is there, which has a {TASK}; see training/finetune.py")
    said = json.loads((folder / TASK).read_text())
    plan = FinetunePlan(**{**said["plan"], "batch": batch})
    task = TASKS[plan.task](plan, said["saved"])
    inputs = load_inputs(folder, plan.max_tokens)
    model = task.head(folder).from_pretrained(folder, dtype=torch.float32, use_safetensors=True, **OPTIONS)
    return Finetuned(task=task, model=model.to(pick_device()).eval(), inputs=inputs)


def write_model(finetuned: Finetuned, folder: Path) -> None:
    """In one step: it is there whole or not at all."""
    partial = folder.with_name(folder.name + ".partial")
    shutil.rmtree(partial, ignore_errors=True)
    finetuned.model.save_pretrained(partial)
    finetuned.inputs.tokenizer.save_pretrained(partial)
    task = finetuned.task
    (partial / TASK).write_bytes(canonical_json({"plan": asdict(task.plan), "saved": task.saved}))
    shutil.rmtree(folder, ignore_errors=True)
    partial.rename(folder)


def write_scores(
    out: Path,
    about: Mapping[str, Any],
    examples: Sequence[Example],
    predictions: Sequence[Prediction],
    scores: Scores,
) -> None:
    """`scores`: those of the predictions."""
    each = zip(examples, predictions, scores.values.tolist(), scores.weights.tolist(), strict=True)
    lines = [
        json.dumps(
            {"example": example, "prediction": said, "value": value, "weight": weight}, ensure_ascii=False, default=str
        )
        + "\n"
        for example, said, value, weight in each
    ]
    (out / PREDICTIONS).write_text("".join(lines), encoding="utf-8")
    partial = out / f"{SCORES}.partial"
    partial.write_text(json.dumps(about, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    os.replace(partial, out / SCORES)


def describe(task: Task, scores: Scores, trivial: Scores) -> dict[str, Any]:
    """What scores.json says of a task's predictions, beside those of its baseline."""
    return {
        "task": task.NAME,
        "metric": task.METRIC,
        "n": len(scores.values),
        "score": interval(scores),
        "baseline": {"what": task.TRIVIAL, **interval(trivial), "metrics": dict(trivial.metrics)},
        "metrics": dict(scores.metrics),
        **scores.tables,
    }


def interval(scores: Scores) -> dict[str, float]:
    """The task's own metric with its 95 % interval over items; 0 where no item counts, as where no entity is there."""
    if not scores.weights.sum():
        return {"value": 0.0, "low": 0.0, "high": 0.0}
    found = estimate(scores.values, scores.weights)
    return {"value": found.value, "low": found.low, "high": found.high}

"""Finished: the model that a fine-tuning leaves behind, ready to be used: model/ in its folder, as transformers loads
it, with task.json: the task, its labels, the plan, and the guarantee of private training."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch

from corpus.lake.manifest import canonical_json
from training.distributed.device import pick_device
from training.finetuning.catalog import TASKS
from training.finetuning.fields import Example
from training.finetuning.heads import read_both_sides
from training.finetuning.inputs import OPTIONS, Inputs, load_inputs
from training.finetuning.plan import FinetunePlan
from training.finetuning.tasks import Prediction, Task

MODEL, TASK = "model", "task.json"


@dataclass(frozen=True, kw_only=True)
class Finetuned:
    """A model with its task. `privacy`: the guarantee of its training examples, empty where there is none."""

    task: Task
    model: Any
    inputs: Inputs
    privacy: Mapping[str, Any] = field(default_factory=dict)

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
    if getattr(model.config, "is_causal", None) is False:
        read_both_sides(model)
    return Finetuned(task=task, model=model.to(pick_device()).eval(), inputs=inputs)


def write_model(finetuned: Finetuned, folder: Path) -> None:
    """In one step: it is there whole or not at all."""
    partial = folder.with_name(folder.name + ".partial")
    shutil.rmtree(partial, ignore_errors=True)
    finetuned.model.save_pretrained(partial)
    finetuned.inputs.tokenizer.save_pretrained(partial)
    task = finetuned.task
    said = {"plan": asdict(task.plan), "saved": task.saved}
    (partial / TASK).write_bytes(
        canonical_json({**said, "privacy": dict(finetuned.privacy)} if finetuned.privacy else said)
    )
    shutil.rmtree(folder, ignore_errors=True)
    partial.rename(folder)

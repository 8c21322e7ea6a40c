"""Learner: transformers' Trainer for a task. It also runs under torchrun and goes on from its newest checkpoint."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from torch.utils.data import Dataset
from transformers import Trainer
from transformers.trainer_callback import TrainerCallback

from training.finetuning.fields import Example
from training.finetuning.inputs import Features, Inputs
from training.finetuning.tasks import Task


class Learner(Trainer):
    """Validates by what the task predicts, not by a loss."""

    def __init__(self, task: Task, inputs: Inputs, validation: Sequence[Example], **arguments: Any) -> None:
        self.task, self.inputs, self.validation = task, inputs, validation
        super().__init__(data_collator=lambda features: task.collate(features, inputs), **arguments)

    def compute_loss(
        self, model: Any, inputs: Any, return_outputs: bool = False, num_items_in_batch: Any = None
    ) -> Any:
        loss = self.task.loss(model, inputs)
        return (loss, {}) if return_outputs else loss

    def evaluate(self, *_: Any, **__: Any) -> dict[str, float]:
        """Every rank does, and finds the same."""
        model = self.accelerator.unwrap_model(self.model)
        predictions = self.task.predict(model, self.inputs, self.validation)
        metrics = {
            f"eval_{name}": value for name, value in self.task.score(self.validation, predictions).metrics.items()
        }
        model.train()
        self.log(metrics)
        self.control = self.callback_handler.on_evaluate(self.args, self.state, self.control, metrics)
        return metrics

    def privacy(self) -> dict[str, Any]:
        """What is promised of the training examples."""
        return {}


class Rows(Dataset[Features]):
    def __init__(self, rows: Sequence[Features]) -> None:
        self.rows = rows

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, number: int) -> Features:
        return self.rows[number]


class Lines(TrainerCallback):
    """Prints the score of each epoch."""

    def on_evaluate(self, args: Any, state: Any, control: Any, metrics: Any = None, **_: Any) -> None:
        if state.is_world_process_zero and metrics:
            found = {name.removeprefix("eval_"): value for name, value in metrics.items() if name != "epoch"}
            said = "  ".join(f"{name} {value:.4f}" for name, value in found.items())
            print(f"epoch {state.epoch:.0f}/{args.num_train_epochs:.0f}  {said}", flush=True)

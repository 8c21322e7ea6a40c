"""Learning: a task, a model and examples -> the model of the epoch that was best on the validation examples.

The loop is transformers' Trainer, which also runs under torchrun and goes on from its newest checkpoint.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch.utils.data import Dataset
from transformers import EarlyStoppingCallback, Trainer, TrainingArguments
from transformers.trainer_callback import PrinterCallback, TrainerCallback
from transformers.trainer_utils import get_last_checkpoint

from training.finetuning.fields import Example
from training.finetuning.heads import load_headed
from training.finetuning.inputs import Features, Inputs
from training.finetuning.plan import FinetunePlan
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


class _Rows(Dataset[Features]):
    def __init__(self, rows: Sequence[Features]) -> None:
        self.rows = rows

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, number: int) -> Features:
        return self.rows[number]


class _Lines(TrainerCallback):
    """Prints the score of each epoch."""

    def on_evaluate(self, args: Any, state: Any, control: Any, metrics: Any = None, **_: Any) -> None:
        if state.is_world_process_zero and metrics:
            found = {name.removeprefix("eval_"): value for name, value in metrics.items() if name != "epoch"}
            said = "  ".join(f"{name} {value:.4f}" for name, value in found.items())
            print(f"epoch {state.epoch:.0f}/{args.num_train_epochs:.0f}  {said}", flush=True)


def fit(
    task: Task, start: Path, train: Sequence[Example], validation: Sequence[Example], inputs: Inputs, out: Path
) -> Any:
    """The model of the best epoch, on its device, with LoRA's matrices merged. `out`: for checkpoints, from the newest
    of which it goes on. Raises ValueError for an example that cannot be learnt."""
    plan = task.plan
    model = load_headed(start, task.head(start), plan, inputs, task.configuration())
    task.begin(model)
    rows = []
    for number, example in enumerate(train, start=1):
        try:
            rows += list(task.features(example, inputs))
        except ValueError as error:
            raise ValueError(f"training example {number}: {error}") from error
    warmup = int(plan.warmup_fraction * plan.epochs * -(-len(rows) // plan.batch))
    learner = Learner(
        task,
        inputs,
        validation,
        model=model,
        args=_arguments(plan, task, out, warmup),
        train_dataset=_Rows(rows),
        eval_dataset=_Rows([]),
        callbacks=[_Lines(), *([EarlyStoppingCallback(plan.patience)] if plan.patience else [])],
    )
    learner.remove_callback(PrinterCallback)
    learner.train(resume_from_checkpoint=get_last_checkpoint(str(out)) if out.is_dir() else None)
    found = learner.accelerator.unwrap_model(learner.model)
    return found.merge_and_unload() if plan.lora_rank else found


def _arguments(plan: FinetunePlan, task: Task, out: Path, warmup: int) -> TrainingArguments:
    ranks = int(os.environ.get("WORLD_SIZE", "1"))
    if plan.batch % ranks:
        raise ValueError(f"batch {plan.batch} over {ranks} processes: give a multiple of {ranks}")
    return TrainingArguments(
        output_dir=str(out),
        num_train_epochs=plan.epochs,
        per_device_train_batch_size=plan.batch // ranks,
        learning_rate=plan.learning_rate,
        warmup_steps=warmup,
        weight_decay=plan.weight_decay,
        lr_scheduler_type="linear",
        seed=plan.seed,
        data_seed=plan.seed,
        eval_strategy="epoch",
        save_strategy="epoch",
        save_total_limit=1,
        load_best_model_at_end=True,
        metric_for_best_model=f"eval_{task.METRIC}",
        greater_is_better=True,
        logging_strategy="epoch",
        remove_unused_columns=False,
        dataloader_pin_memory=False,
        use_cpu=not torch.cuda.is_available(),
        report_to=[],
        disable_tqdm=True,
    )

"""Learning: a task, a model and examples -> the model of the epoch that was best on the validation examples."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from transformers import EarlyStoppingCallback, TrainingArguments
from transformers.trainer_callback import PrinterCallback

from training.finetuning.adversary import AdversarialLearner
from training.finetuning.fields import Example
from training.finetuning.heads import load_headed
from training.finetuning.inputs import Features, Inputs
from training.finetuning.learner import Learner, Lines, Rows
from training.finetuning.plan import FinetunePlan
from training.finetuning.resuming import find_resumption
from training.finetuning.tasks import Task


@dataclass(frozen=True, kw_only=True)
class Learnt:
    """`model`: on its device, with LoRA's matrices merged. `privacy`: the guarantee of its training examples, empty
    where there is none."""

    model: Any
    privacy: dict[str, Any]


def fit(
    task: Task,
    start: Path,
    train: Sequence[Example],
    validation: Sequence[Example],
    inputs: Inputs,
    out: Path,
    scored: Mapping[Path, Sequence[Example]] | None = None,
) -> Learnt:
    """`out`: for checkpoints, from the newest of which it goes on. `scored`: the examples of each file that validates
    or is scored. Raises ValueError, before anything is learnt, for an example that cannot be learnt or scored."""
    plan = task.plan
    model = load_headed(start, task.head(start), plan, inputs, task.configuration())
    task.begin(model)
    rows = _features(task, train, inputs, "training example")
    for path, examples in (scored or {}).items():
        _features(task, examples, inputs, f"{path}, row")
    warmup = int(plan.warmup_fraction * plan.epochs * -(-len(rows) // plan.batch))
    learner = _learner(
        plan,
        out,
        task=task,
        inputs=inputs,
        validation=validation,
        model=model,
        args=_arguments(plan, task, out, warmup),
        train_dataset=Rows(rows),
        eval_dataset=Rows([]),
        callbacks=[Lines(), *([EarlyStoppingCallback(plan.patience)] if plan.patience else [])],
    )
    learner.remove_callback(PrinterCallback)
    resumption = find_resumption(out)
    if resumption and resumption.ended:
        learner.args.num_train_epochs = resumption.epochs  # it only takes the best of them; patience allows no further
    learner.train(resume_from_checkpoint=str(resumption.folder) if resumption else None)
    found = learner.accelerator.unwrap_model(learner.model)
    return Learnt(model=found.merge_and_unload() if plan.lora_rank else found, privacy=learner.privacy())


def _features(task: Task, examples: Sequence[Example], inputs: Inputs, where: str) -> list[Features]:
    """Raises ValueError, naming the number of the example behind `where`, for one of which nothing can be learnt."""
    rows = []
    for number, example in enumerate(examples, start=1):
        try:
            rows += list(task.features(example, inputs))
        except ValueError as error:
            raise ValueError(f"{where} {number}: {error}") from error
    return rows


def _learner(plan: FinetunePlan, out: Path, **arguments: Any) -> Learner:
    if plan.private_epsilon:
        from training.finetuning.private import private_learner  # opacus, which is an extra

        return private_learner(plan, out, **arguments)
    return (AdversarialLearner if plan.adversarial else Learner)(**arguments)


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
        max_grad_norm=0.0 if plan.private_epsilon else 1.0,  # of private training each example's is bounded before
        lr_scheduler_type="linear",
        seed=plan.seed,
        data_seed=plan.seed,
        eval_strategy="epoch",
        save_strategy="epoch",
        save_total_limit=2,  # the best and the last; with 1 the last goes at the end, which then is not known
        restore_callback_states_from_checkpoint=True,  # the epochs that patience has counted
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

"""Private: training of which no example can be told from the model, by opacus.

A step of DP-SGD (Abadi et al. 2016, algorithm 1): each example is read with a probability, its gradient is scaled down
to a norm of at most `clip`, and noise is added to their sum. Gradients of single examples are torch.func's, which knows
any layer and weights that are used twice; opacus' own hooks take the one row of positions that all examples share for
one example.

B examples   T tokens
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

import torch
from opacus.optimizers import DPOptimizer
from opacus.utils.uniform_sampler import UniformWithReplacementSampler
from torch import Tensor
from torch.func import functional_call, grad_and_value, vmap
from torch.utils.data import DataLoader
from transformers.trainer_callback import TrainerCallback

from training.finetuning.guarantee import Guarantee, plan_guarantee, steps_per_epoch
from training.finetuning.inputs import on_device
from training.finetuning.learner import Learner
from training.finetuning.plan import FinetunePlan
from training.finetuning.tasks import Task

FAMILIES = ("albert", "bert", "electra", "roberta")  # whose gradients of single examples are tested
TOGETHER = 16  # examples whose gradients are in memory at a time, each as large as the weights
SEED = "noise_seed"


class PrivateLearner(Learner):
    def __init__(self, guarantee: Guarantee, seed: int, **arguments: Any) -> None:
        """`seed`: of the examples that steps read, and of the noise. Who knows it can take the noise off."""
        self.guarantee, self.noise_seed = guarantee, seed
        self.private: DPOptimizer | None = None
        super().__init__(**arguments)
        self.sampling = torch.Generator()
        self.noise = torch.Generator(self.args.device)
        self.add_callback(_Seeds(self))

    def create_optimizer(self, model: Any = None) -> Any:
        if self.private is None:
            self.private = DPOptimizer(
                super().create_optimizer(model),
                noise_multiplier=self.guarantee.noise_multiplier,
                max_grad_norm=self.guarantee.clip,
                expected_batch_size=self.task.plan.batch,
                generator=self.noise,
            )
            self.optimizer = self.private
        return self.optimizer

    def get_train_dataloader(self) -> DataLoader[Any]:
        """Batches by Poisson sampling: as many as an epoch has, each of another size, perhaps empty."""
        assert self.train_dataset is not None
        sampler = UniformWithReplacementSampler(
            num_samples=self.guarantee.examples,
            sample_rate=self.guarantee.sampling_rate,
            generator=self.sampling,
            steps=steps_per_epoch(self.task.plan, self.guarantee.examples),
        )
        return DataLoader(
            self.train_dataset,
            batch_sampler=sampler,
            collate_fn=lambda features: self.task.collate(features, self.inputs) if features else {},
        )

    def training_step(self, model: Any, inputs: Any, num_items_in_batch: Any = None) -> Tensor:
        """The mean loss of the batch. The gradients of its examples are left where opacus looks for them."""
        assert self.private is not None
        model.train()
        self.private.zero_grad()
        weights = {name: weight for name, weight in model.named_parameters() if weight.requires_grad}
        batch = on_device(inputs, self.args.device)
        parts = [{name: values[start : start + TOGETHER] for name, values in batch.items()} for start in _starts(batch)]
        losses = []
        for number, part in enumerate(parts):
            gradients, loss = gradients_of_each(self.task, model, weights, part)
            for name, weight in weights.items():
                weight.grad_sample = gradients[name]
            losses.append(loss)
            if number < len(parts) - 1:  # opacus does the last when the optimizer steps
                self.private.clip_and_accumulate()
        if not parts:
            for weight in weights.values():
                weight.grad_sample = weight.new_zeros((0, *weight.shape))
        return torch.cat(losses).mean() if losses else torch.zeros((), device=self.args.device)

    def privacy(self) -> dict[str, Any]:
        """Of all steps, also those after the best epoch."""
        return self.guarantee.spent(self.state.global_step)


class _Seeds(TrainerCallback):
    """Each epoch has its own, so that one that is repeated after an interruption has the same examples and noise."""

    def __init__(self, learner: PrivateLearner) -> None:
        self.learner = learner

    def on_epoch_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        for name, generator in (("sampling", self.learner.sampling), ("noise", self.learner.noise)):
            digest = sha256(f"{self.learner.noise_seed} {name} {state.global_step}".encode()).digest()
            generator.manual_seed(int.from_bytes(digest[:8], "big"))


def _starts(batch: Mapping[str, Tensor]) -> Sequence[int]:
    return range(0, len(batch["labels"]) if batch else 0, TOGETHER)


def gradients_of_each(
    task: Task, model: Any, weights: Mapping[str, Tensor], batch: Mapping[str, Tensor]
) -> tuple[dict[str, Tensor], Tensor]:
    """By weight [B, *its shape]: the gradient of each example's loss; and the losses [B]."""

    def loss(values: Mapping[str, Tensor], example: Mapping[str, Tensor]) -> Tensor:
        one = {name: value.unsqueeze(0) for name, value in example.items()}
        # With four axes it is taken as it is. With two, transformers asks whether any is 0, which vmap cannot answer.
        hidden = (1.0 - one["attention_mask"]) * torch.finfo(torch.float32).min
        one["attention_mask"] = hidden[:, None, None, :]
        return task.loss(lambda **named: functional_call(model, dict(values), (), named), one)

    known = {name: weight.detach() for name, weight in weights.items()}
    each = vmap(grad_and_value(loss), in_dims=(None, 0), randomness="different")
    found: tuple[dict[str, Tensor], Tensor] = each(known, dict(batch))
    return found


def find_seed(folder: Path) -> int:
    """Of a training with checkpoints in `folder`: drawn by the operating system, and kept there until the model is
    done. Raises ValueError where it is lost: with other noise, examples that were read already would be read again."""
    path = folder / SEED
    if not path.exists():
        if any(folder.glob("checkpoint-*")):
            raise ValueError(f"{folder} has steps of private training without {SEED}; remove it to begin anew")
        folder.mkdir(parents=True, exist_ok=True)
        partial = folder / f"{SEED}.partial"
        with open(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            file.write(str(secrets.randbits(64)))
        partial.rename(path)
    return int(path.read_text())


def private_learner(plan: FinetunePlan, out: Path, **arguments: Any) -> PrivateLearner:
    """Raises ValueError for a family, or a number of examples, with which training cannot be private."""
    model = arguments["model"]
    family = model.config.model_type
    if family not in FAMILIES:
        raise ValueError(f"private_epsilon: not with a model of the family {family}, but with {', '.join(FAMILIES)}")
    model.set_attn_implementation("eager")  # fused kernels have no gradients of single examples
    guarantee = plan_guarantee(plan, len(arguments["train_dataset"]))
    return PrivateLearner(guarantee, find_seed(out), **arguments)

"""Distillation: a model learns what another one, its teacher, expects, beside what the text says.

    loss = h * cross entropy(text) + (1 - h) * t^2 * KL(teacher^(1/t) || student^(1/t))

t temperature, h weight of the text (Hinton et al. 2015, "Distilling the Knowledge in a Neural Network", section 2).

B sequences   T tokens   D width   V vocabulary   R rows (B x T tokens)
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional
from torch.utils.checkpoint import checkpoint

from training.checkpoints.export import load_causal
from training.checkpoints.start import open_start
from training.compress.plan import Teaching
from training.data.sequences import IGNORED
from training.models.config import ModelConfig
from training.models.module import CausalModel, TrainableModel
from training.ops.loss import slice_rows


class Teacher:
    """A model that is asked and does not learn."""

    def __init__(self, place: str, teaching: Teaching) -> None:
        """A checkpoint, a run or a Hugging Face folder. Raises as `open_start` and `load_causal` do."""
        start = open_start(place)
        self.model, self.digest, self.teaching = load_causal(start.folder).eval(), start.digest, teaching
        self.model.requires_grad_(False)
        self.tokenizer, self.folder = start.tokenizer, start.folder

    def check_student(self, student: ModelConfig, tokenizer: bytes) -> None:
        """Raises ValueError where the two do not read the same tokens, or the student does not continue texts."""
        teacher = self.model.config
        if not student.CAUSAL:
            raise ValueError(f"the family {student.model_type} does not predict the next token: it cannot be distilled")
        if self.tokenizer is not None and self.tokenizer != tokenizer:
            raise ValueError(f"{self.folder} has another tokenizer than the shards; distil from a model with the same")
        if student.vocab_size != teacher.vocab_size:
            raise ValueError(f"the teacher has {teacher.vocab_size} tokens, the student {student.vocab_size}")
        if student.max_position_embeddings > teacher.max_position_embeddings:
            raise ValueError(
                f"the teacher reads {teacher.max_position_embeddings} tokens at once, the student "
                f"{student.max_position_embeddings}; give --context {teacher.max_position_embeddings}"
            )


class _Student(CausalModel):
    """Mixed into the class of a model. Held-out losses are those of the text alone, to be compared with other runs."""

    teacher: Teacher

    def forward(self, tokens: Tensor, targets: Tensor, segments: Tensor | None = None) -> Tensor:
        if not self.training:
            return super().forward(tokens, targets, segments)
        asked = targets.flatten() != IGNORED
        states = self.hidden(tokens, segments=segments).flatten(0, 1)[asked]
        with torch.no_grad():
            model = self.teacher.model.to(states.device)
            taught = model.hidden(tokens, segments=segments).flatten(0, 1)[asked]
        step, right = slice_rows(states.device.type, self.config.vocab_size), targets.flatten()[asked]
        pieces = zip(states.split(step), taught.split(step), right.split(step), strict=True)
        # All logits of two models would be the most of a run's memory: those of a slice are computed again instead.
        losses = [checkpoint(self._taught_loss, *piece, use_reentrant=False) for piece in pieces]
        return torch.stack(losses).sum()

    def _taught_loss(self, states: Tensor, taught: Tensor, targets: Tensor) -> Tensor:
        """The loss, summed over rows: states [R, D] of both models, targets [R]."""
        teaching = self.teacher.teaching
        logits = functional.linear(states, self.head).float()
        with torch.no_grad():
            expected = self.teacher.model.scores(taught).float()
        return taught_loss(logits, expected, targets, teaching)


def taught_loss(logits: Tensor, expected: Tensor, targets: Tensor, teaching: Teaching) -> Tensor:
    """Summed over rows, in nats: logits of student and teacher, both [R, V], and targets [R]."""
    t, h = teaching.temperature, teaching.hard_weight
    hard = functional.cross_entropy(logits, targets, reduction="sum")
    said, right = (functional.log_softmax(part / t, dim=-1) for part in (logits, expected))
    soft = functional.kl_div(said, right, reduction="sum", log_target=True)
    return h * hard + (1 - h) * t * t * soft


def distilled(config: ModelConfig, teacher: Teacher) -> ModelConfig:
    """A config whose models learn from the teacher. Its folder is that of `config`; a run of it can only be continued
    with the same teacher and teaching."""

    def learn(model: TrainableModel) -> None:
        kind = type(model)
        model.__class__ = type(kind.__name__, (_Student, kind), {})  # as fully_shard does, so that names stay
        object.__setattr__(model, "teacher", teacher)  # not a part of the model: its weights are not saved

    about = {"teacher": teacher.digest, **vars(teacher.teaching)}
    return with_preparation(config, learn, {"distillation": about})


def with_preparation(
    config: ModelConfig, prepare: Callable[[TrainableModel], None], about: dict[str, Any]
) -> ModelConfig:
    """A config that prepares each model that it builds. `about`: what that is, which belongs to a run's identity."""
    kind: Any = type(config)

    class Prepared(kind):
        def build(self, *args: Any, **options: Any) -> TrainableModel:
            model = super().build(*args, **options)
            prepare(model)
            return model

        def asdict(self) -> dict[str, Any]:
            return {**super().asdict(), **about}

        def exported(self) -> dict[str, Any]:
            return {name: value for name, value in super().exported().items() if name not in about}

    names = [field.name for field in fields(config)]
    return Prepared(**{name: getattr(config, name) for name in names})

"""Tasks: what a kind of fine-tuning is to the rest: examples in, features to learn from, predictions and scores out."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
from torch import Tensor

from training.finetuning.fields import Example
from training.finetuning.inputs import Features, Inputs
from training.finetuning.plan import FinetunePlan

Prediction = dict[str, Any]  # as JSON has it


@dataclass(frozen=True, kw_only=True)
class Scores:
    """`values` over `weights` (n,) of the items are the task's own metric: their sums' ratio is its value. `metrics`:
    all, by name. `tables`: of counts, such as a confusion matrix."""

    values: np.ndarray
    weights: np.ndarray
    metrics: Mapping[str, float]
    tables: Mapping[str, Any] = field(default_factory=dict)


class Task(ABC):
    """`NAME`: of its fields in training/finetuning/fields.py. `METRIC`: by which the best epoch is chosen; more is
    better. `TRIVIAL`: what its baseline does, which needs no model."""

    NAME: ClassVar[str]
    METRIC: ClassVar[str]
    TRIVIAL: ClassVar[str]

    def __init__(self, plan: FinetunePlan, saved: Mapping[str, Any]) -> None:
        """`saved`: what `learn` found."""
        self.plan, self.saved = plan, dict(saved)

    @classmethod
    def learn(cls, plan: FinetunePlan, examples: Sequence[Example]) -> Self:
        """The task of these examples, with what it has to know of all, such as their labels. Raises ValueError, naming
        an example by its number, for one that cannot be."""
        return cls(plan, {})

    def of_part(self, examples: Sequence[Example]) -> Self:
        """The task where it is learnt from a part of its examples. It knows the labels of all, which the part may
        lack; a task that has learnt amounts forgets those of the others. Raises as `learn` does."""
        return self

    def prepare(self, inputs: Inputs) -> None:
        """Adds the tokens that it needs to the tokenizer."""
        return None

    @abstractmethod
    def head(self, folder: Path) -> Any:
        """The class of transformers' that loads a model with what the task needs on top of it."""

    @staticmethod
    def passage(example: Example) -> str | None:
        """What examples share that stand or fall together, such as questions about one text; None where each stands
        alone."""
        return None

    def configuration(self) -> dict[str, Any]:
        """What the model's config.json says of the task."""
        return {}

    def begin(self, model: Any) -> None:
        """Before the first step of training."""
        return None

    @abstractmethod
    def features(self, example: Example, inputs: Inputs) -> Iterator[Features]:
        """What is learnt of an example: several where it is longer than the model can read."""

    def collate(self, features: Sequence[Features], inputs: Inputs) -> dict[str, Any]:
        """A batch of them, as `loss` reads it."""
        return inputs.batch(features)

    def loss(self, model: Any, batch: Mapping[str, Any]) -> Tensor:
        """The mean over a batch."""
        found: Tensor = model(**batch).loss
        return found

    @abstractmethod
    def predict(self, model: Any, inputs: Inputs, examples: Sequence[Example]) -> list[Prediction]:
        """One for each; the labels of the examples are not read, and need not be there."""

    @abstractmethod
    def score(self, examples: Sequence[Example], predictions: Sequence[Prediction]) -> Scores: ...

    @abstractmethod
    def trivial(self, known: Sequence[Example], asked: Sequence[Example]) -> list[Prediction]:
        """The predictions of a baseline that has seen the examples `known`."""


def numbered(labels: Sequence[str]) -> dict[str, Any]:
    """What config.json says of labels."""
    return {"id2label": dict(enumerate(labels)), "label2id": {label: number for number, label in enumerate(labels)}}

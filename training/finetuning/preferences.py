"""Preferences: of two answers to a question the better one is made likelier: direct preference optimisation (DPO,
Rafailov et al. 2023), whose loss is one line; trl's trainer for it would be a dependency without another use here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional
from transformers import AutoModelForCausalLM

from training.finetuning.fields import Example
from training.finetuning.inputs import IGNORED, Features, Inputs, on_device
from training.finetuning.instructions import ASSISTANT, add_template, encode_messages
from training.finetuning.tasks import Prediction, Scores, Task

BETA = 0.1  # how much less a model may say what it said before (Rafailov et al. 2023)
ANSWERS = ("chosen", "rejected")


class Preferences(Task):
    NAME, METRIC, TRIVIAL = "preferences", "accuracy", "the longer answer"

    def prepare(self, inputs: Inputs) -> None:
        add_template(inputs)

    def head(self, folder: Path) -> Any:
        return AutoModelForCausalLM

    def begin(self, model: Any) -> None:
        """Keeps the model as it is, which the loss compares with."""
        self.before = deepcopy(model).eval().requires_grad_(False)

    def features(self, example: Example, inputs: Inputs) -> Iterator[Features]:
        """Of both answers, one after the other in a batch."""
        yield {answer: _encode(example, answer, inputs) for answer in ANSWERS}

    def collate(self, features: Sequence[Features], inputs: Inputs) -> dict[str, Any]:
        return inputs.batch([one[answer] for one in features for answer in ANSWERS])

    def loss(self, model: Any, batch: Mapping[str, Any]) -> Tensor:
        with torch.no_grad():
            before = log_likelihoods(self.before.to(batch["labels"].device), batch)
        gained = (log_likelihoods(model, batch) - before).unflatten(0, (-1, 2))
        return -functional.logsigmoid(BETA * (gained[:, 0] - gained[:, 1])).mean()

    @torch.no_grad()
    def predict(self, model: Any, inputs: Inputs, examples: Sequence[Example]) -> list[Prediction]:
        """The log-likelihood in nats of both answers."""
        model.eval()
        features = [_encode(example, answer, inputs) for example in examples for answer in ANSWERS]
        found = np.empty(len(features))
        for numbers, batch in inputs.batches(features, self.plan.batch):
            found[numbers] = log_likelihoods(model, on_device(batch, model.device)).double().cpu().numpy()
        return [dict(zip(ANSWERS, pair, strict=True)) for pair in found.reshape(-1, 2).tolist()]

    def score(self, examples: Sequence[Example], predictions: Sequence[Prediction]) -> Scores:
        """The share of the pairs whose better answer is likelier."""
        right = np.array([float(said["chosen"] > said["rejected"]) for said in predictions])
        return Scores(values=right, weights=np.ones(len(right)), metrics={"accuracy": float(right.mean())})

    def trivial(self, known: Sequence[Example], asked: Sequence[Example]) -> list[Prediction]:
        return [{answer: float(len(str(example[answer]))) for answer in ANSWERS} for example in asked]


def log_likelihoods(model: Any, batch: Mapping[str, Tensor]) -> Tensor:
    """[B] nats: of the labels of each row that count."""
    read = {name: values for name, values in batch.items() if name != "labels"}
    labels = batch["labels"][:, 1:]
    said = model(**read).logits[:, :-1].float().log_softmax(-1)
    return (said.gather(-1, labels.clamp(min=0)[..., None])[..., 0] * (labels != IGNORED)).sum(-1)


def _encode(example: Example, answer: str, inputs: Inputs) -> Features:
    messages = [
        {"role": "user", "content": str(example["prompt"])},
        {"role": ASSISTANT, "content": str(example[answer])},
    ]
    ids, labels = encode_messages(messages, inputs)
    ids, labels = ids[: inputs.limit], labels[: inputs.limit]
    if all(label == IGNORED for label in labels):
        raise ValueError(f"the question {str(example['prompt'])[:60]!r} alone is longer than {inputs.limit} tokens")
    return {"input_ids": ids, "attention_mask": [1] * len(ids), "labels": labels}

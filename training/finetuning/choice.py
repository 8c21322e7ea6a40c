"""Choice: a text, and choices of which one is right."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from transformers import AutoModelForSequenceClassification

from training.finetuning.classification import encode_texts, read_texts
from training.finetuning.fields import Example
from training.finetuning.inputs import Features, Inputs
from training.finetuning.tasks import Prediction, Scores, Task


class Choice(Task):
    """Each choice is read as the second of a pair; the one that is likeliest to be right is taken."""

    NAME, METRIC, TRIVIAL = "choice", "accuracy", "always the choice that is right most often"

    def head(self, folder: Path) -> Any:
        return AutoModelForSequenceClassification

    def configuration(self) -> dict[str, Any]:
        return {"num_labels": 2}

    def features(self, example: Example, inputs: Inputs) -> Iterator[Features]:
        right = _right(example)
        for number, choice in enumerate(example["choices"]):
            pair = {"text": example["text"], "pair": choice}
            yield {**encode_texts(pair, inputs), "labels": int(number == right)}

    def predict(self, model: Any, inputs: Inputs, examples: Sequence[Example]) -> list[Prediction]:
        pairs = [{"text": example["text"], "pair": choice} for example in examples for choice in example["choices"]]
        logits = read_texts(model, inputs, pairs, self.plan.batch)
        right, found, start = logits[:, 1] - logits[:, 0], [], 0
        for example in examples:
            stop = start + len(example["choices"])
            found.append({"label": int(right[start:stop].argmax()), "scores": right[start:stop].tolist()})
            start = stop
        return found

    def score(self, examples: Sequence[Example], predictions: Sequence[Prediction]) -> Scores:
        pairs = zip(examples, predictions, strict=True)
        right = np.array([float(said["label"] == int(example["label"])) for example, said in pairs])
        return Scores(values=right, weights=np.ones(len(right)), metrics={"accuracy": float(right.mean())})

    def trivial(self, known: Sequence[Example], asked: Sequence[Example]) -> list[Prediction]:
        [(label, _)] = Counter(int(example["label"]) for example in known).most_common(1)
        return [{"label": label} for _ in asked]


def _right(example: Example) -> int:
    """The number of the choice that is right, from 0 on."""
    said, last = example["label"], len(example["choices"]) - 1
    try:
        number = int(said)
    except (TypeError, ValueError):
        number = -1
    if not 0 <= number <= last:
        raise ValueError(f"the label {said!r} is the number of no choice; they are 0 to {last}")
    return number

"""Classification: a text, or a pair of them, and its label; the same with a number."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Self

import numpy as np
import torch
from transformers import AutoModelForSequenceClassification

from training.finetuning.fields import Example
from training.finetuning.inputs import Features, Inputs, on_device
from training.finetuning.plan import FinetunePlan
from training.finetuning.tasks import Prediction, Scores, Task, numbered

FEW = 2  # labels of which ROC has one curve


class Classification(Task):
    NAME, METRIC, TRIVIAL = "classification", "accuracy", "the most frequent label"

    @property
    def labels(self) -> list[str]:
        return list(self.saved["labels"])

    @classmethod
    def learn(cls, plan: FinetunePlan, examples: Sequence[Example]) -> Self:
        labels = sorted({name_label(example["label"]) for example in examples})
        if len(labels) < 2:
            raise ValueError(f"classification: all {len(examples)} examples have the label {labels[0]!r}")
        return cls(plan, {"labels": labels})

    def head(self, folder: Path) -> Any:
        return AutoModelForSequenceClassification

    def configuration(self) -> dict[str, Any]:
        return numbered(self.labels)

    def features(self, example: Example, inputs: Inputs) -> Iterator[Features]:
        yield {**encode_texts(example, inputs), "labels": self._number(example["label"])}

    def _number(self, label: Any) -> int:
        name = name_label(label)
        if name not in self.labels:
            raise ValueError(f"the label {name!r} is in no training example, which have {', '.join(self.labels)}")
        return self.labels.index(name)

    def predict(self, model: Any, inputs: Inputs, examples: Sequence[Example]) -> list[Prediction]:
        """The likeliest label, and the probability of each."""
        logits = read_texts(model, inputs, examples, self.plan.batch)
        return [
            {
                "label": self.labels[int(row.argmax())],
                "probabilities": dict(zip(self.labels, row.tolist(), strict=True)),
            }
            for row in torch.from_numpy(logits).softmax(-1)
        ]

    def score(self, examples: Sequence[Example], predictions: Sequence[Prediction]) -> Scores:
        """accuracy; precision, recall and F1, each the mean over labels; Matthews' correlation; the area under the ROC
        curve, of several labels the mean of each against the rest."""
        from sklearn.metrics import confusion_matrix, matthews_corrcoef, precision_recall_fscore_support

        gold = [name_label(example["label"]) for example in examples]
        said = [prediction["label"] for prediction in predictions]
        right = np.array([one == other for one, other in zip(gold, said, strict=True)], dtype=np.float64)
        precision, recall, f1, _ = precision_recall_fscore_support(gold, said, average="macro", zero_division=0)
        metrics = {
            "accuracy": right.mean(),
            "precision": precision,
            "recall": recall,
            "f1": f1,
            "matthews": matthews_corrcoef(gold, said) if len({*gold, *said}) > 1 else 0.0,
            **self._areas(gold, predictions),
        }
        counts = confusion_matrix(gold, said, labels=self.labels).tolist()
        return Scores(
            values=right,
            weights=np.ones(len(right)),
            metrics={name: float(value) for name, value in metrics.items()},
            tables={"labels": self.labels, "confusion": counts, **self._curve(gold, predictions)},
        )

    def _areas(self, gold: Sequence[str], predictions: Sequence[Prediction]) -> dict[str, float]:
        from sklearn.metrics import roc_auc_score

        areas = []
        for label in self.labels[1:] if len(self.labels) == FEW else self.labels:
            truth = [one == label for one in gold]
            if any(truth) and not all(truth):
                areas.append(roc_auc_score(truth, [one["probabilities"][label] for one in predictions]))
        return {"roc_auc": float(np.mean(areas))} if areas else {}

    def _curve(self, gold: Sequence[str], predictions: Sequence[Prediction]) -> dict[str, Any]:
        """The ROC curve, of the second of two labels."""
        from sklearn.metrics import roc_curve

        truth = [one == self.labels[-1] for one in gold]
        if len(self.labels) != FEW or all(truth) or not any(truth):
            return {}
        false, true, _ = roc_curve(truth, [one["probabilities"][self.labels[-1]] for one in predictions])
        return {"roc": {"of": self.labels[-1], "false_positives": false.tolist(), "true_positives": true.tolist()}}

    def trivial(self, known: Sequence[Example], asked: Sequence[Example]) -> list[Prediction]:
        counts = Counter(name_label(example["label"]) for example in known)
        shares = {label: counts[label] / len(known) for label in self.labels}
        return [{"label": max(self.labels, key=lambda label: shares[label]), "probabilities": shares} for _ in asked]


class Regression(Task):
    NAME, METRIC, TRIVIAL = "regression", "spearman", "the mean, which has a correlation of 0"

    @classmethod
    def learn(cls, plan: FinetunePlan, examples: Sequence[Example]) -> Self:
        """Numbers are learnt as so many standard deviations above the mean."""
        numbers = []
        for place, example in enumerate(examples, start=1):
            try:
                numbers.append(_number(example))
            except ValueError as error:
                raise ValueError(f"example {place}: {error}") from error
        if len(set(numbers)) < 2:
            raise ValueError(f"regression: all {len(numbers)} examples have the score {numbers[0]}")
        return cls(plan, {"mean": float(np.mean(numbers)), "deviation": float(np.std(numbers))})

    def of_part(self, examples: Sequence[Example]) -> Self:
        return type(self).learn(self.plan, examples)

    def head(self, folder: Path) -> Any:
        return AutoModelForSequenceClassification

    def configuration(self) -> dict[str, Any]:
        return {"num_labels": 1, "problem_type": "regression"}

    def features(self, example: Example, inputs: Inputs) -> Iterator[Features]:
        scaled = (_number(example) - self.saved["mean"]) / self.saved["deviation"]
        yield {**encode_texts(example, inputs), "labels": scaled}

    def predict(self, model: Any, inputs: Inputs, examples: Sequence[Example]) -> list[Prediction]:
        logits = read_texts(model, inputs, examples, self.plan.batch)[:, 0]
        return [{"score": value * self.saved["deviation"] + self.saved["mean"]} for value in logits.tolist()]

    def score(self, examples: Sequence[Example], predictions: Sequence[Prediction]) -> Scores:
        """Spearman's and Pearson's correlation, 0 where all predictions are the same, and the mean absolute error.

        The interval of Spearman's is of the mean over items of the product of their standardised ranks, which it is.
        """
        from scipy.stats import pearsonr, rankdata

        gold = np.array([float(example["score"]) for example in examples])
        said = np.array([prediction["score"] for prediction in predictions])
        ranks = [_standardise(rankdata(values)) for values in (gold, said)]
        products = ranks[0] * ranks[1]
        varied = len(set(said.tolist())) > 1 and len(set(gold.tolist())) > 1
        return Scores(
            values=products,
            weights=np.ones(len(gold)),
            metrics={
                "spearman": float(products.mean()),
                "pearson": float(pearsonr(gold, said).statistic) if varied else 0.0,
                "mean_absolute_error": float(np.abs(gold - said).mean()),
            },
        )

    def trivial(self, known: Sequence[Example], asked: Sequence[Example]) -> list[Prediction]:
        return [{"score": self.saved["mean"]} for _ in asked]


def name_label(label: Any) -> str:
    """As a file says it; true and false in small letters, as JSON has them."""
    return str(label).lower() if isinstance(label, bool) else str(label)


def encode_texts(example: Mapping[str, Any], inputs: Inputs) -> Features:
    pair = example.get("pair")
    return dict(inputs.encode(str(example["text"]), None if pair is None else str(pair)))


@torch.no_grad()
def read_texts(model: Any, inputs: Inputs, examples: Sequence[Mapping[str, Any]], size: int) -> np.ndarray:
    """(examples, labels) float32: the logits of each."""
    model.eval()
    found: np.ndarray | None = None
    features = [encode_texts(example, inputs) for example in examples]
    for numbers, batch in inputs.batches(features, size):
        logits = model(**on_device(batch, model.device)).logits.float().cpu().numpy()
        found = np.empty((len(examples), logits.shape[1]), np.float32) if found is None else found
        found[numbers] = logits
    assert found is not None
    return found


def _number(example: Example) -> float:
    try:
        value = float(example["score"])
    except (TypeError, ValueError) as error:
        raise ValueError(f"the score {example['score']!r} is no number") from error
    if not np.isfinite(value):
        raise ValueError(f"the score {value} is not finite")
    return value


def _standardise(values: np.ndarray) -> np.ndarray:
    """Mean 0 and deviation 1; zeros where all are the same."""
    deviation = values.std()
    return (values - values.mean()) / deviation if deviation else np.zeros(len(values))

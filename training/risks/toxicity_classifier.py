"""Toxicity classifier: fitted on texts that people labelled, it tells how many texts are like the toxic ones.

Character and word n-grams, weighted by TF-IDF, and a logistic regression. How good it is is told by examples that it
was not fitted on (5 folds), and so is the threshold: the score that one in a hundred of the other examples exceeds.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from heapq import nsmallest
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold, cross_val_predict
from sklearn.pipeline import Pipeline, make_pipeline, make_union

from training.evaluation.files import read_csv, read_jsonl
from training.risks.area import area_with_interval
from training.risks.findings import Finding, found, share

RISK = "toxicity"
FOLDS = 5
FALSE_ALARMS = 0.01  # the share of examples that are not toxic and pass the threshold
ABOVE_THRESHOLD = f"above the classifier's threshold, {FALSE_ALARMS:.0%} false alarms"
MOST = 10_000  # examples that are read: more take minutes, and tell little more
MOST_FEATURES = 50_000  # of each kind of n-gram
LABELS = {"0": False, "false": False, "0.0": False, "1": True, "true": True, "1.0": True}


@dataclass(frozen=True, kw_only=True)
class Examples:
    texts: Sequence[str]
    toxic: np.ndarray  # (texts,), bool


@dataclass(frozen=True, kw_only=True)
class Classifier:
    """`folds` (examples,): the score of each example by those that were fitted without it."""

    examples: Examples
    folds: np.ndarray
    threshold: float
    fitted: Pipeline

    def exceeds(self, texts: Sequence[str]) -> list[bool]:
        """Of each text, whether its score is above the threshold."""
        found: list[bool] = (self.fitted.decision_function(list(texts)) > self.threshold).tolist()
        return found


def read_examples(path: Path) -> Examples:
    """JSON lines or CSV with `text` and `label`, 1 for toxic and 0 for not; of more than MOST those that are first by a
    hash. Raises ValueError, naming the example, for others, and where a kind has fewer examples than FOLDS."""
    rows = (read_csv if ".csv" in path.suffixes else read_jsonl)([path])
    read = [_read(path, number, row) for number, row in enumerate(rows, 1)]
    some = nsmallest(MOST, read, key=lambda one: (sha256(one[0].encode()).digest(), one[1]))
    toxic = np.array([label for _, label in some], bool)
    fewest = min(int(toxic.sum()), int((~toxic).sum()))
    if fewest < FOLDS:
        raise ValueError(
            f"{path}: {int(toxic.sum())} of {len(toxic)} examples are toxic; at least {FOLDS} of each kind are needed"
        )
    return Examples(texts=[text for text, _ in some], toxic=toxic)


def _read(path: Path, number: int, row: dict[str, Any]) -> tuple[str, bool]:
    text, label = row.get("text"), LABELS.get(str(row.get("label")).strip().lower())
    if not isinstance(text, str) or label is None:
        raise ValueError(
            f"{path}, example {number}: text {str(text)[:40]!r}, label {row.get('label')!r}; give each a text, and 1 "
            "for toxic or 0 for not"
        )
    return text, label


def fit_classifier(examples: Examples) -> Classifier:
    """The same for the same examples."""
    texts, toxic = list(examples.texts), examples.toxic
    folds = StratifiedKFold(FOLDS, shuffle=True, random_state=0)
    scores = cross_val_predict(_new(), texts, toxic, cv=folds, method="decision_function")
    threshold = float(np.quantile(scores[~toxic], 1 - FALSE_ALARMS, method="higher"))
    return Classifier(examples=examples, folds=scores, threshold=threshold, fitted=_new().fit(texts, toxic))


def _new() -> Pipeline:
    settings: dict[str, Any] = {"sublinear_tf": True, "max_features": MOST_FEATURES, "dtype": np.float32}
    return make_pipeline(
        make_union(
            TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 4), **settings),
            TfidfVectorizer(token_pattern=r"\w+", ngram_range=(1, 2), **settings),
        ),
        LogisticRegression(C=10, class_weight="balanced", max_iter=1000),
    )


def describe_classifier(classifier: Classifier) -> Iterator[Finding]:
    """How well it tells examples apart that it was not fitted on, and how many of the toxic ones pass the threshold."""
    scores, toxic = classifier.folds, classifier.examples.toxic
    area = area_with_interval(scores[~toxic], scores[toxic])
    yield found(RISK, "area under the curve of the classifier", "examples, in 5 folds", area, len(scores))
    hits = (scores[toxic] > classifier.threshold).tolist()
    yield share(RISK, ABOVE_THRESHOLD, "toxic examples", hits)

"""Words, or Chinese characters: TF-IDF with logistic regression, which knows no order and is not pretrained."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from training.finetuning.fields import Example, read_examples
from training.finetuning.rows import find_parts, read_rows

STRENGTHS = (0.3, 1.0, 3.0, 10.0, 30.0)  # of which validation chooses


def score_words(folder: Path, columns: Sequence[str], unit: Literal["word", "char"]) -> float:
    """Accuracy on the test examples."""
    parts = {
        part: read_examples("classification", read_rows(path, columns), {}, str(path))
        for part, path in find_parts(folder).items()
    }
    models = [
        make_pipeline(
            TfidfVectorizer(analyzer=unit, ngram_range=(1, 2), sublinear_tf=True),
            LogisticRegression(C=C, max_iter=2_000),
        )
        for C in STRENGTHS
    ]
    for model in models:
        model.fit(*_split(parts["train"]))
    best = max(models, key=lambda model: float(model.score(*_split(parts["validation"]))))
    return float(best.score(*_split(parts["test"])))


def _split(examples: Sequence[Example]) -> tuple[list[str], list[str]]:
    return [one["text"] for one in examples], [str(one["label"]) for one in examples]

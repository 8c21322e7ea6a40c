"""Likelihoods: of the targets of questions, by any model, reading as many side by side as fit."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from tqdm import tqdm

from training.inference.batches import build_batches
from training.inference.model import Model
from training.inference.questions import Question, document_questions


def score_questions(
    model: Model, questions: Sequence[Question], batch_size: int | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Of each question the log-likelihood of its targets in nats, float64, and whether each of them was the likeliest
    token. `batch_size`: sequences at once, None for about 4,096 tokens."""
    totals, greedy = np.zeros(len(questions)), np.ones(len(questions), dtype=bool)
    with tqdm(total=len(questions), desc="scoring", unit="question", disable=None) as bar:
        for batch in build_batches(questions, model.context, batch_size, branches=model.branches):
            scores, likeliest = model.log_likelihoods(batch)
            stops = np.cumsum([len(piece.targets) for piece in batch.pieces])
            for piece, stop in zip(batch.pieces, stops, strict=True):
                part = slice(stop - len(piece.targets), stop)
                totals[piece.question] += scores[part].sum()
                greedy[piece.question] &= bool(likeliest[part].all())
                bar.update(piece.window.stop == len(questions[piece.question].tokens))
    return totals, greedy


def score_texts(model: Model, texts: Sequence[str]) -> np.ndarray:
    """Of each whole text its log-likelihood in nats, float64 (texts,)."""
    return score_questions(model, document_questions(texts, model.encode, model.prefix))[0]

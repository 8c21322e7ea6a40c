"""Scoring: the log-likelihood of each token that a question asks for, under a model.

A question longer than the context T is read in windows that score every asked token once: the first window is the
longest that reaches back to the beginning, each later one goes half a context on, so that a token has at least T/2
before it. Windows are sorted by length and padded on the right, where a causal model cannot look.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch.nn import functional

from training.encoding import Question
from training.transformer import Transformer

TOKENS_AT_ONCE = 2048


class Scores(NamedTuple):
    """Of one question's asked tokens: their log-likelihoods in nats, float64 (n,), and which are the model's argmax."""

    likelihoods: np.ndarray
    best: np.ndarray

    @property
    def total(self) -> float:
        return float(self.likelihoods.sum())


class Window(NamedTuple):
    """Tokens [begin, stop - 1) of a question are read to score tokens [start, stop) of it."""

    question: int
    begin: int
    start: int
    stop: int

    @property
    def length(self) -> int:
        return self.stop - 1 - self.begin


def windows(question: int, start: int, length: int, context: int) -> Iterator[Window]:
    """The windows that score tokens [start, length) of a question once each."""
    while start < length:
        stop = min(length, max(context + 1, start + max(1, context // 2)))
        yield Window(question, max(0, stop - 1 - context), start, stop)
        start = stop


@torch.no_grad()
def score(model: Transformer, questions: Sequence[Question], tokens_at_once: int = TOKENS_AT_ONCE) -> list[Scores]:
    """Scores in the order of the questions; the batches follow from the questions alone, not from the machine."""
    context = model.config.max_position_embeddings
    work = [
        window
        for number, question in enumerate(questions)
        for window in windows(number, question.start, len(question.tokens), context)
    ]
    work.sort(key=lambda window: (-window.length, window))
    found = [Scores(np.zeros(len(q.asked)), np.zeros(len(q.asked), dtype=bool)) for q in questions]
    while work:
        size = max(1, tokens_at_once // work[0].length)
        batch, work = work[:size], work[size:]
        tokens = torch.zeros(len(batch), batch[0].length + 1, dtype=torch.int64)
        for row, window in enumerate(batch):
            tokens[row, : window.length + 1] = torch.tensor(
                questions[window.question].tokens[window.begin : window.stop]
            )
        hidden = model.hidden(tokens[:, :-1].to(model.head.device))
        # Logits of the asked tokens alone: they are most of the work where the vocabulary is wide for the model.
        reads = [slice(window.start - 1 - window.begin, window.length) for window in batch]
        states = torch.cat([hidden[row, read] for row, read in enumerate(reads)])
        wanted = torch.cat([tokens[row, 1:][read] for row, read in enumerate(reads)]).to(states.device)
        logits = functional.linear(states, model.head)
        losses = functional.cross_entropy(logits, wanted, reduction="none").double().cpu().numpy()
        hits = (logits.argmax(-1) == wanted).cpu().numpy()
        done = 0
        for window in batch:
            count = window.stop - window.start
            first = window.start - questions[window.question].start
            found[window.question].likelihoods[first : first + count] = -losses[done : done + count]
            found[window.question].best[first : first + count] = hits[done : done + count]
            done += count
    return found

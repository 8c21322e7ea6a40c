"""Generation: one answer that is asked of the engine, and what it says while it writes."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal

import torch
from torch import Tensor

from training.inference.sampling import Sampling
from training.models.cache import KeyValueCache
from training.serving.answer_text import AnswerText
from training.serving.prompt_bits import PromptBits

Finish = Literal["stop", "length", "error"]


@dataclass(frozen=True, kw_only=True)
class Question:
    """A prompt of token ids, and how it is to be continued: at most `max_tokens`, up to the first stop string. With
    `likeliest` tokens a place, 0 or more, log probabilities are told. `compared`: whether its prompt is compared with a
    baseline; of several answers to one prompt the first. `continues`: whether the answer's text is to join the
    prompt's, with the space that may be between them."""

    prompt: Sequence[int]
    max_tokens: int
    sampling: Sampling
    stop: Sequence[str] = ()
    likeliest: int | None = None
    compared: bool = False
    continues: bool = False

    @property
    def context(self) -> Sequence[int]:
        """The token that the text of the answer follows, if any."""
        return self.prompt[-1:] if self.continues else ()

    @property
    def capacity(self) -> int:
        return len(self.prompt) + self.max_tokens


@dataclass(frozen=True, kw_only=True)
class DrawnToken:
    """`before`: the token before it in the same text, None at a beginning; `offset`: characters of the answer before
    it; log probabilities by the model itself, in nats, before temperature and the like."""

    id: int
    before: int | None
    offset: int
    log_probability: float
    likeliest: Sequence[tuple[int, float]]


@dataclass(frozen=True, kw_only=True)
class Piece:
    """Text that is final, the tokens whose text is now said whole, where log probabilities are told, how many tokens
    there are so far, and at the end why. Of a stop string nothing is told, as it is not part of the text."""

    text: str
    tokens: Sequence[DrawnToken]
    generated: int
    finish: Finish | None = None


@dataclass(kw_only=True)
class Generation:
    """A question on its way. `deliver` is called with each piece, in the engine's thread."""

    question: Question
    deliver: Callable[[Piece], None]
    answer: AnswerText
    asked: float = field(default_factory=time.monotonic)
    cancelled: bool = False
    cache: KeyValueCache | None = None  # once it runs
    first: float | None = None  # when its first token was drawn
    counted: int = 0  # of its tokens, by the metrics
    bits: PromptBits | None = None  # of its prompt, where they are measured
    ids: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._generator = torch.Generator().manual_seed(self.question.sampling.seed)
        self._described: list[DrawnToken] = []
        self._told = 0  # of them

    def draw(self, logits: Tensor, ends: frozenset[int]) -> Piece:
        """The next token by logits [V]; `ends`: those that end a text, and are not part of it."""
        question = self.question
        token = question.sampling.draw(logits, [*question.prompt, *self.ids], self._generator)
        if token in ends:
            return self._say(self.answer.end(), "stop")
        if question.likeliest is not None:
            before = next(reversed(self.ids or self.question.context), None)
            self._described.append(_describe(token, logits, question.likeliest, before, self.answer.offset))
        self.ids.append(token)
        text = self.answer.add(token)
        if self.answer.stopped:
            return self._say(text, "stop")
        if len(self.ids) == question.max_tokens:
            return self._say(text + self.answer.end(), "stop" if self.answer.stopped else "length")
        return self._say(text, None)

    def fail(self) -> Piece:
        """Ends it without what is held back: decoding may be what has failed."""
        return Piece(text="", tokens=(), generated=len(self.ids), finish="error")

    def _say(self, text: str, finish: Finish | None) -> Piece:
        tokens = self._described[self._told : None if finish else self.answer.said]
        self._told += len(tokens)
        if self.answer.stopped:
            tokens = [token for token in tokens if token.offset < self.answer.length]
        return Piece(text=text, tokens=tokens, generated=len(self.ids), finish=finish)


def _describe(token: int, logits: Tensor, likeliest: int, before: int | None, offset: int) -> DrawnToken:
    probabilities = logits.float().log_softmax(-1)
    values, ids = probabilities.topk(min(likeliest, len(probabilities)))
    pairs = tuple(zip(ids.tolist(), values.tolist(), strict=True))
    value = float(probabilities[token])
    return DrawnToken(id=token, before=before, offset=offset, log_probability=value, likeliest=pairs)

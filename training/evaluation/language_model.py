"""LanguageModel: one of our models as lm-eval wants it, so that lm-eval's tasks and metrics are asked of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from lm_eval.api.instance import Instance
from lm_eval.api.model import LM
from tqdm import tqdm

from training.inference.batches import batches
from training.inference.model import Model
from training.inference.questions import Question, continuations, documents

MOST_GENERATED = 256  # tokens, where a task sets no other bound


class LanguageModel(LM):
    """Answers lm-eval's three kinds of request. `size` windows are asked at once; None: as many as fit the default.

    `cut` counts the questions of which something was left out in front, because they exceed the model's context.
    """

    def __init__(self, model: Model, size: int | None = None) -> None:
        super().__init__()
        self.model, self.size, self.cut = model, size, 0

    def loglikelihood(self, requests: list[Instance], disable_tqdm: bool = False) -> list[tuple[float, bool]]:
        questions = continuations([request.args for request in requests], self.model.encode, self.model.prefix)
        totals, greedy = self._ask(questions)
        return list(zip(totals.tolist(), greedy.tolist(), strict=True))

    def loglikelihood_rolling(self, requests: list[Instance], disable_tqdm: bool = False) -> list[float]:
        questions = documents([request.args[0] for request in requests], self.model.encode, self.model.prefix)
        totals, _ = self._ask(questions)
        return [float(total) for total in totals]

    def generate_until(self, requests: list[Instance], disable_tqdm: bool = False) -> list[str]:
        """Greedy; other ways of drawing are refused with ValueError, for a score must not depend on a draw."""
        texts: list[str] = [""] * len(requests)
        prompts = self.model.encode([request.args[0] for request in requests], True)
        order = sorted(range(len(requests)), key=lambda number: (-len(prompts[number]), number))
        size = self.size or 16
        with tqdm(total=len(requests), desc="generating", unit="text", disable=None) as bar:
            for start in range(0, len(order), size):
                for settings, chosen in _by_settings(requests, order[start : start + size]):
                    for number, text in zip(
                        chosen, self._generate([prompts[n] for n in chosen], settings), strict=True
                    ):
                        texts[number] = text
                    bar.update(len(chosen))
        return texts

    def _ask(self, questions: Sequence[Question]) -> tuple[np.ndarray, np.ndarray]:
        """Of each question the log-likelihood of what is asked, and whether each token of it was the likeliest."""
        totals, greedy = np.zeros(len(questions)), np.ones(len(questions), dtype=bool)
        context = self.model.context
        self.cut += sum(len(question.tokens) - 1 > context and question.start > 1 for question in questions)
        with tqdm(total=len(questions), desc="asking", unit="question", disable=None) as bar:
            for batch in batches(questions, context, self.size, trees=self.model.trees):
                found, hits = self.model.likelihoods(batch)
                stops = np.cumsum([len(piece.wanted) for piece in batch.pieces])
                for piece, stop in zip(batch.pieces, stops, strict=True):
                    part = slice(stop - len(piece.wanted), stop)
                    totals[piece.question] += found[part].sum()
                    greedy[piece.question] &= bool(hits[part].all())
                    bar.update(piece.window.stop == len(questions[piece.question].tokens))
        return totals, greedy

    def _generate(self, prompts: Sequence[list[int]], settings: dict[str, Any]) -> list[str]:
        until, tokens = [settings.get("until") or []], settings.get("max_gen_toks", MOST_GENERATED)
        stops = [stop for found in until for stop in ([found] if isinstance(found, str) else found)]
        tokens = min(tokens, self.model.context // 2)  # else a short context would hold nothing of the prompt
        room = self.model.context - tokens
        self.cut += sum(len(prompt) > room for prompt in prompts)
        given = [prompt[-room:] or [self.model.prefix] for prompt in prompts]
        found = self.model.generate(given, tokens, lambda ids: any(stop in self.model.decode(ids) for stop in stops))
        return [_before(self.model.decode(ids), stops) for ids in found]


def _by_settings(requests: Sequence[Instance], numbers: Sequence[int]) -> list[tuple[dict[str, Any], list[int]]]:
    groups: dict[str, tuple[dict[str, Any], list[int]]] = {}
    for number in numbers:
        settings = requests[number].args[1]
        if settings.get("do_sample") or settings.get("temperature"):
            raise ValueError(f"{requests[number].task_name} asks for text drawn at random; set do_sample to false")
        groups.setdefault(repr(sorted(settings.items())), (settings, []))[1].append(number)
    return list(groups.values())


def _before(text: str, stops: Sequence[str]) -> str:
    """The text up to the first place where one of `stops` begins."""
    return text[: min((text.index(stop) for stop in stops if stop in text), default=len(text))]

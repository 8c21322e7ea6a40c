"""LanguageModel: a Model behind lm-eval's interface, so that lm-eval's tasks and metrics can use it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from lm_eval.api.instance import Instance
from lm_eval.api.model import LM
from tqdm import tqdm

from corpus.tokenizer.losses import comes_back, first_difference
from training.inference.likelihoods import score_questions
from training.inference.model import Model
from training.inference.questions import Question, continuation_questions, document_questions

MAX_GENERATED_TOKENS = 256  # where a task sets no other limit


class LanguageModel(LM):
    """Answers lm-eval's three kinds of request, reading `batch_size` sequences at once; None: about 4,096 tokens.

    `truncated` counts the questions whose beginning was left out, because they exceed the model's context; `joined`
    those in which the prompt ends inside a token, so that only the rest of the option is scored; `lost` shows of each
    document that its tokens do not give back the text and what they give, about the first difference.
    """

    def __init__(self, model: Model, batch_size: int | None = None) -> None:
        super().__init__()
        self.model, self.batch_size, self.truncated = model, batch_size, 0
        self.joined = 0
        self.lost: list[tuple[str, str]] = []

    def loglikelihood(self, requests: list[Instance], disable_tqdm: bool = False) -> list[tuple[float, bool]]:
        questions = continuation_questions([request.args for request in requests], self.model.encode, self.model.prefix)
        self.joined += sum(question.joined for question in questions)
        totals, greedy = self._score(questions)
        return list(zip(totals.tolist(), greedy.tolist(), strict=True))

    def loglikelihood_rolling(self, requests: list[Instance], disable_tqdm: bool = False) -> list[float]:
        texts = [request.args[0] for request in requests]
        questions = document_questions(texts, self.model.encode, self.model.prefix)
        for text, question in zip(texts, questions, strict=True):
            back = self.model.spell(question.tokens[question.start :])
            if not comes_back(text, back):
                self.lost.append(first_difference(text, back))
        totals, _ = self._score(questions)
        return [float(total) for total in totals]

    def generate_until(self, requests: list[Instance], disable_tqdm: bool = False) -> list[str]:
        """Always the likeliest token. ValueError for a task that draws at random: no score may depend on chance."""
        texts: list[str] = [""] * len(requests)
        prompts = self.model.encode([request.args[0] for request in requests], True)
        order = sorted(range(len(requests)), key=lambda number: (-len(prompts[number]), number))
        size = self.batch_size or 16
        with tqdm(total=len(requests), desc="generating", unit="text", disable=None) as bar:
            for start in range(0, len(order), size):
                for settings, chosen in _by_settings(requests, order[start : start + size]):
                    for number, text in zip(
                        chosen, self._generate([prompts[n] for n in chosen], settings), strict=True
                    ):
                        texts[number] = text
                    bar.update(len(chosen))
        return texts

    def _score(self, questions: Sequence[Question]) -> tuple[np.ndarray, np.ndarray]:
        """Of each question the log-likelihood of its targets, and whether each of them was the likeliest token."""
        context = self.model.context
        self.truncated += sum(len(question.tokens) - 1 > context and question.start > 1 for question in questions)
        return score_questions(self.model, questions, self.batch_size)

    def _generate(self, prompts: Sequence[list[int]], settings: dict[str, Any]) -> list[str]:
        until, tokens = [settings.get("until") or []], settings.get("max_gen_toks", MAX_GENERATED_TOKENS)
        stops = [stop for texts in until for stop in ([texts] if isinstance(texts, str) else texts)]
        tokens = min(tokens, self.model.context // 2)  # else a short context would hold nothing of the prompt
        room = self.model.context - tokens
        self.truncated += sum(len(prompt) > room for prompt in prompts)
        prompts = [prompt[-room:] or [self.model.prefix] for prompt in prompts]
        generated = self.model.generate(
            prompts, tokens, lambda ids: any(stop in self.model.decode(ids) for stop in stops)
        )
        return [_before(self.model.decode(ids), stops) for ids in generated]


def _by_settings(requests: Sequence[Instance], numbers: Sequence[int]) -> list[tuple[dict[str, Any], list[int]]]:
    groups: dict[str, tuple[dict[str, Any], list[int]]] = {}
    for number in numbers:
        settings = requests[number].args[1]
        if settings.get("do_sample") or settings.get("temperature"):
            raise ValueError(f"{requests[number].task_name} draws text at random; set do_sample to false")
        groups.setdefault(repr(sorted(settings.items())), (settings, []))[1].append(number)
    return list(groups.values())


def _before(text: str, stops: Sequence[str]) -> str:
    """The text up to the first occurrence of one of `stops`."""
    return text[: min((text.index(stop) for stop in stops if stop in text), default=len(text))]

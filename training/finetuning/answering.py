"""Answering: a question and a text that holds the answer: where in the text it begins and ends."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Self

import numpy as np
import torch
from transformers import AutoModelForQuestionAnswering

from corpus.lake.manifest import sha256
from training.evaluation.metrics import exact_match, token_f1
from training.finetuning.fields import Example
from training.finetuning.inputs import Features, Inputs, on_device
from training.finetuning.plan import FinetunePlan
from training.finetuning.tasks import Prediction, Scores, Task

LONGEST_ANSWER = 30  # tokens
OVERLAP = 0.4  # of the windows in which a long text is read


class Answering(Task):
    """A text that is longer than the model can read is read in windows that overlap. The first token of a window is the
    answer where it is not in there."""

    NAME, METRIC, TRIVIAL = "answering", "token_f1", "a span by chance, as long as an answer usually is"

    @classmethod
    def learn(cls, plan: FinetunePlan, examples: Sequence[Example]) -> Self:
        lengths = []
        for number, example in enumerate(examples, start=1):
            for text, start in _answers(example, number):
                found = example["context"][start : start + len(text)]
                if found != text:
                    raise ValueError(f"example {number}: at {start} of its context stands {found!r}, not {text!r}")
                lengths.append(len(text.split()))
        if not lengths:
            raise ValueError(f"answering: none of {len(examples)} questions has an answer")
        return cls(plan, {"usual_words": int(np.median(lengths))})

    def of_part(self, examples: Sequence[Example]) -> Self:
        return type(self).learn(self.plan, examples)

    def head(self, folder: Path) -> Any:
        return AutoModelForQuestionAnswering

    @staticmethod
    def passage(example: Example) -> str:
        return sha256(str(example["context"]).encode())

    def features(self, example: Example, inputs: Inputs) -> Iterator[Features]:
        answers = _answers(example, 0)
        for window, places in self._windows(example, inputs):
            start = stop = 0
            if answers:
                text, begin = answers[0]
                inside = [
                    number for number, (first, last) in places.items() if first < begin + len(text) and last > begin
                ]
                whole = bool(inside) and places[inside[0]][0] <= begin and places[inside[-1]][1] >= begin + len(text)
                start, stop = (inside[0], inside[-1]) if whole else (0, 0)
            yield {**window, "start_positions": start, "end_positions": stop}

    def _windows(self, example: Example, inputs: Inputs) -> Iterator[tuple[Features, dict[int, tuple[int, int]]]]:
        """The windows of a context, each with the places in it of its tokens, by their number."""
        question, context = str(example["question"]), str(example["context"])
        asked = inputs.tokenizer(question, truncation=True, max_length=inputs.limit // 2)["input_ids"]
        question = str(inputs.tokenizer.decode(asked, skip_special_tokens=True))
        stride = int(OVERLAP * (inputs.limit - len(asked)))
        encoded = inputs.tokenizer(
            *(question, context),
            truncation="only_second",
            max_length=inputs.limit,
            stride=stride,
            return_overflowing_tokens=True,
            return_offsets_mapping=True,
        )
        names = [name for name in inputs.tokenizer.model_input_names if name in encoded]
        for number, offsets in enumerate(encoded["offset_mapping"]):
            parts = encoded.sequence_ids(number)
            places = {place: span for place, span in enumerate(offsets) if parts[place] == 1 and span[1] > span[0]}
            yield {name: encoded[name][number] for name in names}, places

    @torch.no_grad()
    def predict(self, model: Any, inputs: Inputs, examples: Sequence[Example]) -> list[Prediction]:
        """The likeliest span of all windows, or none where "not in there" is likelier in each of them."""
        model.eval()
        windows, owners = [], []
        for number, example in enumerate(examples):
            for window in self._windows(example, inputs):
                windows.append(window)
                owners.append(number)
        best: list[tuple[float, str]] = [(-np.inf, "") for _ in examples]
        for numbers, batch in inputs.batches([features for features, _ in windows], self.plan.batch):
            said = model(**on_device(batch, model.device))
            starts, stops = said.start_logits.float().cpu().numpy(), said.end_logits.float().cpu().numpy()
            for number, start, stop in zip(numbers, starts, stops, strict=True):
                owner = owners[number]
                found = _best_span(start, stop, windows[number][1], str(examples[owner]["context"]))
                if found and found[0] > best[owner][0]:
                    best[owner] = found
        return [{"answer": text, "score": float(score) if np.isfinite(score) else None} for score, text in best]

    def score(self, examples: Sequence[Example], predictions: Sequence[Prediction]) -> Scores:
        """SQuAD's F1 of words and exact match, each beside the best of the answers; a question without an answer is
        right where none is given."""
        language = self.plan.language
        wanted = [[text for text, _ in _answers(example, 0)] or [""] for example in examples]
        f1 = np.array([token_f1(said["answer"], one, language) for said, one in zip(predictions, wanted, strict=True)])
        exact = [exact_match(said["answer"], one, language) for said, one in zip(predictions, wanted, strict=True)]
        metrics = {"token_f1": float(f1.mean()), "exact_match": float(np.mean(exact))}
        return Scores(values=f1, weights=np.ones(len(f1)), metrics=metrics)

    def trivial(self, known: Sequence[Example], asked: Sequence[Example]) -> list[Prediction]:
        drawn = random.Random(self.plan.seed)
        found = []
        for example in asked:
            words = str(example["context"]).split()
            start = drawn.randrange(len(words)) if words else 0
            found.append({"answer": " ".join(words[start : start + self.saved["usual_words"]])})
        return found


def _answers(example: Example, number: int) -> list[tuple[str, int]]:
    """The texts and starts of an example's answers. Raises ValueError where they have another form than SQuAD's."""
    answers = example.get("answers") or {}
    try:
        return list(zip(map(str, answers["text"]), map(int, answers["answer_start"]), strict=True)) if answers else []
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(
            f"example {number}: answers {str(answers)[:80]!r}; give {{'text': [...], 'answer_start': [...]}}"
        ) from error


def _best_span(
    starts: np.ndarray, stops: np.ndarray, places: dict[int, tuple[int, int]], context: str
) -> tuple[float, str] | None:
    """The likeliest span of a window above its first token, with by how much."""
    nothing = starts[0] + stops[0]
    tokens = np.array(sorted(places))
    if not len(tokens):
        return None
    sums = starts[tokens][:, None] + stops[tokens][None, :]
    far = np.arange(len(tokens))
    reach = far[None, :] - far[:, None]
    sums[(reach < 0) | (reach >= LONGEST_ANSWER)] = -np.inf
    first, last = np.unravel_index(int(sums.argmax()), sums.shape)
    value = float(sums[first, last] - nothing)
    return (value, context[places[tokens[first]][0] : places[tokens[last]][1]].strip()) if value > 0 else None

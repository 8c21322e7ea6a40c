"""Tagging: the words of a sentence, each with its tag; of entities B-KIND and I-KIND, and O."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Self

import numpy as np
import torch
from transformers import AutoModelForTokenClassification

from training.evaluation.metrics import CHARACTER
from training.finetuning.fields import Example
from training.finetuning.inputs import IGNORED, Features, Inputs, on_device
from training.finetuning.plan import FinetunePlan
from training.finetuning.tasks import Prediction, Scores, Task, numbered

OUTSIDE = "O"
ENTITY = re.compile("O|[BIES]-.+")
WORD = re.compile(f"[{CHARACTER}]|[^\\W{CHARACTER}]+|[^\\w\\s]")


class Tagging(Task):
    """A word has the tag that its first token gets. Words beyond what the model can read are O."""

    NAME, METRIC, TRIVIAL = "tagging", "entity_f1", "the tag that a word has most often in the training sentences"

    @property
    def tags(self) -> list[str]:
        return list(self.saved["tags"])

    @classmethod
    def learn(cls, plan: FinetunePlan, examples: Sequence[Example]) -> Self:
        for number, example in enumerate(examples, start=1):
            if len(example["tokens"]) != len(example["tags"]):
                raise ValueError(
                    f"example {number}: {len(example['tokens'])} words and {len(example['tags'])} tags; each has one"
                )
        tags = sorted({str(tag) for example in examples for tag in example["tags"]} | {OUTSIDE})
        if other := [tag for tag in tags if not ENTITY.fullmatch(tag)]:
            raise ValueError(
                f"tagging: {other[0]!r} is no tag of entities, which are B-KIND, I-KIND and {OUTSIDE}; give names in "
                f"place of numbers, and B-NOUN for a tag of every word"
            )
        if len(tags) < 2:
            raise ValueError(f"tagging: all words of {len(examples)} examples have the tag {OUTSIDE}")
        return cls(plan, {"tags": tags})

    def head(self, folder: Path) -> Any:
        return AutoModelForTokenClassification

    def configuration(self) -> dict[str, Any]:
        return numbered(self.tags)

    def features(self, example: Example, inputs: Inputs) -> Iterator[Features]:
        encoded, firsts = self._encode(example["tokens"], inputs)
        labels = [IGNORED] * len(encoded["input_ids"])
        for place, tag in zip(firsts, example["tags"], strict=True):
            if place is not None:
                labels[place] = self._number(str(tag))
        yield {**encoded, "labels": labels}

    def _number(self, tag: str) -> int:
        if tag not in self.tags:
            raise ValueError(f"the tag {tag!r} is in no training example, which have {', '.join(self.tags)}")
        return self.tags.index(tag)

    def _encode(self, words: Sequence[str], inputs: Inputs) -> tuple[Features, list[int | None]]:
        """With the place of each word's first token, None where it was cut off."""
        text, starts = join_words(words)
        encoded = inputs.encode(text, return_offsets_mapping=True)
        offsets = encoded.pop("offset_mapping")
        firsts: list[int | None] = []
        place = 0
        for start, word in zip(starts, words, strict=True):
            while place < len(offsets) and offsets[place][1] <= start:  # a special token is (0, 0)
                place += 1
            inside = place < len(offsets) and offsets[place][0] < start + len(word)
            firsts.append(place if inside else None)
        return dict(encoded), firsts

    @torch.no_grad()
    def predict(self, model: Any, inputs: Inputs, examples: Sequence[Example]) -> list[Prediction]:
        model.eval()
        read = [self._encode(example["tokens"], inputs) for example in examples]
        found: list[Prediction] = [{} for _ in examples]
        for numbers, batch in inputs.batches([features for features, _ in read], self.plan.batch):
            likeliest = model(**on_device(batch, model.device)).logits.argmax(-1).cpu().tolist()
            for number, row in zip(numbers, likeliest, strict=True):
                tags = [OUTSIDE if place is None else self.tags[row[place]] for place in read[number][1]]
                found[number] = {"tokens": list(examples[number]["tokens"]), "tags": tags}
        return found

    def score(self, examples: Sequence[Example], predictions: Sequence[Prediction]) -> Scores:
        """Of entities, by seqeval, which counts one as found where its first word, last word and kind are right: F1,
        precision and recall over all; of words the accuracy."""
        from seqeval.metrics import f1_score, precision_score, recall_score

        gold = [[str(tag) for tag in example["tags"]] for example in examples]
        said = [prediction["tags"] for prediction in predictions]
        counts = [_found(one, other) for one, other in zip(gold, said, strict=True)]
        words = [
            one == other
            for tags, others in zip(gold, said, strict=True)
            for one, other in zip(tags, others, strict=True)
        ]
        metrics = {
            "entity_f1": f1_score(gold, said, zero_division=0),
            "entity_precision": precision_score(gold, said, zero_division=0),
            "entity_recall": recall_score(gold, said, zero_division=0),
            "word_accuracy": np.mean(words),
        }
        return Scores(
            values=np.array([2.0 * right for right, _ in counts]),
            weights=np.array([float(every) for _, every in counts]),
            metrics={name: float(value) for name, value in metrics.items()},
        )

    def trivial(self, known: Sequence[Example], asked: Sequence[Example]) -> list[Prediction]:
        counts: dict[str, Counter[str]] = {}
        for example in known:
            for word, tag in zip(example["tokens"], example["tags"], strict=True):
                counts.setdefault(word, Counter())[str(tag)] += 1
        usual = {word: tags.most_common(1)[0][0] for word, tags in counts.items()}
        return [{"tags": [usual.get(word, OUTSIDE) for word in example["tokens"]]} for example in asked]


def _found(gold: Sequence[str], said: Sequence[str]) -> tuple[int, int]:
    """Of a sentence, the entities that were found, and those that are there plus those that were said."""
    from seqeval.metrics.sequence_labeling import get_entities

    there, told = set(get_entities(list(gold))), set(get_entities(list(said)))
    return len(there & told), len(there) + len(told)


def join_words(words: Sequence[str]) -> tuple[str, list[int]]:
    """A sentence, and where each word begins in it. Between words of Chinese, Japanese or Thai stands no space."""
    text, starts = "", []
    for word in words:
        if text and word and not (_is_unspaced(text[-1]) or _is_unspaced(word[0])):
            text += " "
        starts.append(len(text))
        text += word
    return text, starts


def split_words(text: str) -> list[str]:
    """Words and marks, as a sentence in CoNLL's form has them; in Chinese and Japanese characters."""
    return WORD.findall(text)


def _is_unspaced(character: str) -> bool:
    return unicodedata.category(character) == "Lo" and unicodedata.name(character, "").startswith(
        ("CJK", "HIRAGANA", "KATAKANA", "THAI")
    )

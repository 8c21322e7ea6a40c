"""The classifier of toxic texts: as good as its examples allow, with few false alarms, and open about both."""

from __future__ import annotations

import json
import random
from pathlib import Path

import numpy as np
import pytest

from training.risks.toxicity_classifier import (
    FALSE_ALARMS,
    Examples,
    describe_classifier,
    fit_classifier,
    read_examples,
)

PLAIN = ("the", "weather", "train", "garden", "letter", "window", "people", "coffee", "music", "holiday")
RUDE = ("wretch", "scoundrel", "vermin", "imbecile")


def examples(seed: int, count: int, told: bool = True) -> Examples:
    """A fifth are toxic; `told`: whether their words tell."""
    dice = random.Random(seed)
    toxic = [number % 5 == 0 for number in range(count)]
    texts = [" ".join(dice.choices(PLAIN, k=12) + dice.choices(RUDE, k=2) * (bad and told)) for bad in toxic]
    return Examples(texts=texts, toxic=np.array(toxic))


def test_texts_with_the_words_of_toxic_examples_pass_and_others_do_not() -> None:
    classifier = fit_classifier(examples(0, 300))
    area, hits = describe_classifier(classifier)
    assert area.value == 1.0 and area.items == 300 and hits.value == 1.0 and hits.items == 60
    fresh = examples(1, 200)
    said = np.array(classifier.exceeds(fresh.texts))
    assert said[fresh.toxic].mean() > 0.95 and said[~fresh.toxic].mean() < 0.05


def test_examples_that_do_not_tell_give_a_classifier_that_says_so() -> None:
    classifier = fit_classifier(examples(2, 600, told=False))
    area, hits = describe_classifier(classifier)
    assert area.low < 0.5 < area.high and hits.value < 0.1
    false_alarms = (classifier.folds[~classifier.examples.toxic] > classifier.threshold).mean()
    assert 0 < false_alarms <= FALSE_ALARMS


@pytest.mark.parametrize("name", ["examples.jsonl", "examples.csv"])
def test_files_are_read_whatever_the_order_of_their_rows(tmp_path: Path, name: str) -> None:
    rows = [(f"text {number}", number % 2) for number in range(20)]
    found = []
    for order in (rows, rows[::-1]):
        if name.endswith("csv"):
            text = "text,label\n" + "".join(f"{text},{label}\n" for text, label in order)
        else:
            text = "".join(json.dumps({"text": text, "label": bool(label)}) + "\n" for text, label in order)
        (tmp_path / name).write_text(text)
        read = read_examples(tmp_path / name)
        assert dict(zip(read.texts, read.toxic.tolist(), strict=True)) == {text: bool(label) for text, label in rows}
        found.append(read.texts)
    assert found[0] == found[1]


def test_what_is_no_example_is_named(tmp_path: Path) -> None:
    path = tmp_path / "examples.jsonl"
    for row, problem in (
        ({"text": "a", "label": "maybe"}, r"examples\.jsonl, example 2: text 'a', label 'maybe'; give each"),
        ({"label": 1}, r"example 2: text 'None', label 1"),
        ({"text": "b", "label": 1}, "1 of 2 examples are toxic; at least 5 of each kind are needed"),
    ):
        path.write_text("\n".join(map(json.dumps, [{"text": "a", "label": 0}, row])))
        with pytest.raises(ValueError, match=problem):
            read_examples(path)

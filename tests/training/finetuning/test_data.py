"""Data: what is learnt, what validates and what is scored."""

from __future__ import annotations

from collections import Counter

import pytest

from training.finetuning.answering import Answering
from training.finetuning.data import hold_back, make_folds
from training.finetuning.fields import Example
from training.finetuning.plan import FinetunePlan
from training.finetuning.tasks import Task


def asked(texts: int, questions: int) -> list[Example]:
    return [{"context": f"text {n % texts}", "question": str(n), "answers": None} for n in range(texts * questions)]


def contexts(examples: list[Example]) -> set[str]:
    return {example["context"] for example in examples}


def test_questions_about_one_text_are_not_learnt_and_held_back() -> None:
    examples = asked(texts=20, questions=5)
    learnt, held = hold_back(examples, FinetunePlan(task="answering"), Answering.passage)
    assert len(held) == 10 and len(learnt) == 90 and not contexts(learnt) & contexts(held)
    # A tenth of three long texts is less than one of them, of which the shortest is taken.
    few = [*asked(texts=2, questions=5), *[{"context": "short", "question": "?", "answers": None}] * 3]
    learnt, held = hold_back(few, FinetunePlan(task="answering"), Answering.passage)
    assert contexts(held) == {"short"} and contexts(learnt) == {"text 0", "text 1"}
    with pytest.raises(ValueError, match="5 examples about 1 texts, of which 40% are to validate"):
        hold_back(asked(1, 5), FinetunePlan(task="answering", validation_share=0.4), Answering.passage)


def test_a_fold_has_all_questions_about_its_texts() -> None:
    examples = asked(texts=6, questions=4)
    plan = FinetunePlan(task="answering", folds=3)
    folds = list(make_folds(examples, plan, Answering.passage))
    assert sorted(number for inside, _ in folds for number in inside) == list(range(24))
    for inside, others in folds:
        assert len(inside) == 8 and not contexts([examples[number] for number in inside]) & contexts(others)
    with pytest.raises(ValueError, match="8 examples about 2 texts in 3 folds"):
        list(make_folds(asked(2, 4), plan, Answering.passage))


def test_examples_that_stand_alone_are_split_one_by_one() -> None:
    examples = [{"text": "the same", "label": str(number)} for number in range(30)]
    learnt, held = hold_back(examples, FinetunePlan(task="classification"), Task.passage)
    assert len(held) == 3 and Counter(one["label"] for one in [*learnt, *held]) == Counter(map(str, range(30)))
    folds = make_folds(examples, FinetunePlan(task="classification", folds=4), Task.passage)
    assert [len(inside) for inside, _ in folds] == [8, 8, 7, 7]

"""Data: what is learnt, what validates and what is scored."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from finetuned_folders import finetune

from training.finetuning.answering import Answering
from training.finetuning.data import TEST, VALIDATION, find_files, hold_back, make_folds, read_data
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
    # Of one text alone the questions are parted.
    learnt, held = hold_back(asked(1, 5), FinetunePlan(task="answering", validation_share=0.4), Answering.passage)
    assert (len(learnt), len(held)) == (3, 2)
    with pytest.raises(ValueError, match="5 examples, of which 1% are to validate"):
        hold_back(asked(1, 5), FinetunePlan(task="answering", validation_share=0.01), Answering.passage)


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


LEARNT = [{"sentence": f"{number}", "label": number % 2} for number in range(20)]


def folder(path: Path, **parts: list[dict[str, Any]]) -> Path:
    for part, rows in parts.items():
        (path / f"{part}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


@pytest.mark.parametrize(
    ("test", "why"),
    [
        ([{"index": 0, "sentence": "a"}], "it has no column 'label'"),  # GLUE and SuperGLUE, as they are distributed
        ([{"sentence": "a", "label": -1}, {"sentence": "b", "label": -1}], "'label' is -1 in all of its rows"),
    ],
)
def test_a_test_file_without_labels_is_left_out_where_it_was_found(tmp_path: Path, test: list[Any], why: str) -> None:
    data, plan = folder(tmp_path, train=LEARNT, test=test), FinetunePlan(task="classification")
    read = read_data(find_files(data, None, None), plan, Task.passage)
    assert read.scored_on == VALIDATION and read.scored == read.validation and len(read.validation) == 2
    assert read.left_out == f"{data / 'test.jsonl'} is left out, for {why}; scores are of the validation examples"
    whole = folder(tmp_path, test=LEARNT[:4])
    read = read_data(find_files(whole, None, None), plan, Task.passage)
    assert read.scored_on == TEST and not read.left_out and list(read.files) == [whole / "test.jsonl"]


def test_a_label_of_minus_one_is_one_where_it_is_learnt(tmp_path: Path) -> None:
    data = folder(tmp_path, train=[*LEARNT, {"sentence": "a", "label": -1}], test=[{"sentence": "b", "label": -1}])
    read = read_data(find_files(data, None, None), FinetunePlan(task="classification"), Task.passage)
    assert read.scored_on == TEST and read.scored == [{"text": "b", "label": -1}]


def test_other_columns_than_those_of_the_task_are_no_missing_labels(tmp_path: Path) -> None:
    data = folder(tmp_path, train=LEARNT, test=[{"headline": "a"}])
    with pytest.raises(ValueError, match=r"test\.jsonl: classification needs the columns"):
        read_data(find_files(data, None, None), FinetunePlan(task="classification"), Task.passage)


GOOD: Mapping[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "classification": ({"text": "a", "label": 0}, {"text": "b", "label": 1}),
    "regression": ({"text": "a", "score": 0.5}, {"text": "b", "score": 1}),
    "choice": ({"text": "a", "choices": ["b", "c"], "label": 1}, {"text": "b", "choices": ["b", "c"], "label": 0}),
    "tagging": ({"tokens": ["a"], "tags": ["O"]}, {"tokens": ["b"], "tags": ["B-x"]}),
}


@pytest.mark.parametrize(
    ("task", "changed", "said"),
    [
        ("classification", {"label": 2}, "the label '2' is in no training example, which have 0, 1"),
        ("classification", {"label": -1}, "the label '-1' is in no training example"),
        ("regression", {"score": "much"}, "the score 'much' is no number"),
        ("regression", {"score": "nan"}, "the score nan is not finite"),
        ("choice", {"label": 2}, "the label 2 is the number of no choice; they are 0 to 1"),
        ("tagging", {"tags": ["B-y"]}, "the tag 'B-y' is in no training example"),
    ],
)
@pytest.mark.parametrize("part", [VALIDATION, TEST])
def test_what_cannot_be_scored_is_said_before_anything_is_learnt(
    start: Callable[[str], Path], tmp_path: Path, part: str, task: str, changed: dict[str, Any], said: str
) -> None:
    good = list(GOOD[task])
    data = folder(tmp_path, train=good * 4, **{VALIDATION: good, TEST: good} | {part: [*good, {**good[1], **changed}]})
    out = tmp_path / "out"
    with pytest.raises(ValueError, match=rf"{part}\.jsonl, row 3: {said}"):
        finetune("--task", task, "--from", str(start("bert")), "--data", str(data), "--out", str(out), "--threads", "1")
    assert not out.exists()

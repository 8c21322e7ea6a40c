"""Tasks: what a benchmark asks, and how answers become a score.

bits_per_byte  negative log2-likelihood of whole documents / their UTF-8 bytes: comparable across tokenizers
last_word      every token of the target is the argmax, teacher-forced (LAMBADA, Paperno et al. 2016)
continuation   of several endings the one with the highest log-likelihood a byte (HellaSwag, Zellers et al. 2019)
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from tokenizers import Tokenizer

from training import encoding
from training.encoding import Question
from training.scoring import Scores
from training.significance.intervals import Estimate, bootstrap_ratio, wilson

Items = Sequence[dict[str, Any]]
Answers = Sequence[Sequence[Scores]]  # for each item, the scores of its questions


@dataclass(frozen=True, kw_only=True)
class Task:
    """`key` is the column that names an item; `columns` are those that its Parquet file must have.

    `ask` turns an item into its questions, `answer` the scores of an item's questions into the columns kept of it, and
    `grade` those columns, over all items, into an estimate.
    """

    name: str
    metric: str
    higher_is_better: bool
    key: str
    columns: tuple[str, ...]
    ask: Callable[[Tokenizer, int, dict[str, Any]], list[Question]]
    answer: Callable[[dict[str, Any], Sequence[Scores]], dict[str, Any]]
    grade: Callable[[Items, Sequence[dict[str, Any]]], Estimate]
    chance: Callable[[Items], float] | None = None


def _size(text: str) -> int:
    return len(text.encode())


# bits per byte ------------------------------------------------------------------------------------------------------


def _ask_document(tokenizer: Tokenizer, eos: int, item: dict[str, Any]) -> list[Question]:
    return [encoding.document(tokenizer, eos, item["text"])]


def _answer_document(item: dict[str, Any], scores: Sequence[Scores]) -> dict[str, Any]:
    return {"log_likelihood": scores[0].total}


def _grade_bits(items: Items, answers: Sequence[dict[str, Any]]) -> Estimate:
    bits = np.array([-answer["log_likelihood"] / math.log(2) for answer in answers])
    return bootstrap_ratio(bits, np.array([_size(item["text"]) for item in items], dtype=np.float64))


# accuracy -----------------------------------------------------------------------------------------------------------


def _ask_last_word(tokenizer: Tokenizer, eos: int, item: dict[str, Any]) -> list[Question]:
    return [encoding.completion(tokenizer, eos, item["context"], item["target"])]


def _answer_last_word(item: dict[str, Any], scores: Sequence[Scores]) -> dict[str, Any]:
    return {"log_likelihood": scores[0].total, "correct": bool(scores[0].best.all())}


def _ask_endings(tokenizer: Tokenizer, eos: int, item: dict[str, Any]) -> list[Question]:
    if not 0 <= item["answer"] < len(item["endings"]):
        raise ValueError(f"item {item['item_id']}: answer {item['answer']} is none of {len(item['endings'])} endings")
    return [encoding.completion(tokenizer, eos, item["context"], ending) for ending in item["endings"]]


def _answer_endings(item: dict[str, Any], scores: Sequence[Scores]) -> dict[str, Any]:
    totals = [score.total for score in scores]
    # A byte, not a token: else the ending that the tokenizer happens to cut into fewer pieces wins. Ties: the first.
    rates = [total / _size(ending) for total, ending in zip(totals, item["endings"], strict=True)]
    return {"log_likelihood": totals, "correct": int(np.argmax(rates)) == item["answer"]}


def _grade_accuracy(items: Items, answers: Sequence[dict[str, Any]]) -> Estimate:
    return wilson(sum(answer["correct"] for answer in answers), len(answers))


def _chance(items: Items) -> float:
    return math.fsum(1 / len(item["endings"]) for item in items) / len(items)


TASKS = {
    task.name: task
    for task in (
        Task(
            name="bits_per_byte",
            metric="bits_per_byte",
            higher_is_better=False,
            key="doc_id",
            columns=("doc_id", "text"),
            ask=_ask_document,
            answer=_answer_document,
            grade=_grade_bits,
        ),
        Task(
            name="last_word",
            metric="accuracy",
            higher_is_better=True,
            key="item_id",
            columns=("item_id", "doc_id", "context", "target"),
            ask=_ask_last_word,
            answer=_answer_last_word,
            grade=_grade_accuracy,
        ),
        Task(
            name="continuation",
            metric="accuracy",
            higher_is_better=True,
            key="item_id",
            columns=("item_id", "doc_id", "context", "endings", "answer"),
            ask=_ask_endings,
            answer=_answer_endings,
            grade=_grade_accuracy,
            chance=_chance,
        ),
    )
}

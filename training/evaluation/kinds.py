"""Kinds of task. A user's own benchmark is one of these, with templates for its fields:

Choice(name="mine", prompt="Question: {question}\\nAnswer:", options="options", answer="label")
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from training.evaluation.metrics import of_choices, perplexity
from training.evaluation.task import Doc, Row, Task, fill, names
from training.evaluation.ties import share_point


def read_options(what: str | tuple[str, ...], row: Row) -> list[str]:
    """A field that holds a list, or a template for each. Raises ValueError where there is none, or an empty one."""
    found = row[what] if isinstance(what, str) else [fill(template, row) for template in what]
    if not isinstance(found, list | tuple):  # the letters of a text would pass for choices
        raise ValueError(f"{what!r} gives {found!r}, which is no list; of single fields, name the templates")
    if not found or not all(isinstance(text, str) and text for text in found):
        raise ValueError(f"{what!r} gives {found!r}; each must be a text of at least a character")
    return list(found)


def read_choices(what: str | tuple[str, ...], row: Row) -> list[str]:
    """`read_options`, of at least two: the only one is always right."""
    found = read_options(what, row)
    if len(found) == 1:
        raise ValueError(f"{what!r} gives {found!r} alone; a choice is between two at least")
    return found


def answer_index(value: Any, labels: Sequence[str], among: int) -> int:
    """Which of `among` an answer names: itself where it is a number from 0, or its place in `labels`."""
    try:
        found = labels.index(str(value)) if labels else int(value)
    except (OverflowError, TypeError, ValueError):
        found = -1
    if not 0 <= found < among or (isinstance(value, float) and found != value):
        raise ValueError(f"the answer {value!r} is none of {list(labels) or f'0 to {among - 1}'}")
    return found


def text_fields(row: Row, *templates: str) -> dict[str, str]:
    """The texts of a row that templates ask for, by field."""
    return {name: row[name] for name in names(*templates) if isinstance(row[name], str)}


@dataclass(frozen=True, kw_only=True)
class Choice(Task):
    """Of several endings the likeliest: `acc` by its log-likelihood, `acc_norm` by that for each character, `acc_bytes`
    for each byte; ties go to the first, and are shared in a metric beside. `by` is the one that counts.

    `options` is a field that holds a list, or a template for each; `answer` a field with a number from 0, or one of
    `labels`. `worse` says that the first option is what nobody wants (CrowS-Pairs): then a low score is good.
    """

    prompt: str = ""
    options: str | tuple[str, ...]
    answer: str = ""
    labels: tuple[str, ...] = ()
    delimiter: str = " "
    by: str = "acc"
    worse: bool = False

    kind = "choice"
    metrics = ("acc", "acc_norm", "acc_bytes")

    @property
    def main(self) -> str:
        return self.by

    @property
    def ties_metric(self) -> str:
        return f"{self.by}_ties"

    @property
    def higher_is_better(self) -> bool:
        return not self.worse

    def chance(self, docs: Sequence[Doc]) -> float:
        return math.fsum(1 / len(doc["options"]) for doc in docs) / len(docs)

    def ask(self, row: Row, before: str) -> Doc:
        return {
            "context": before + fill(self.prompt, row),
            "options": read_choices(self.options, row),
            "answer": self._right(row),
        }

    def solved(self, row: Row) -> str:
        return fill(self.prompt, row) + self.delimiter + read_options(self.options, row)[self._right(row)]

    def parts(self, row: Row) -> dict[str, str]:
        return {**text_fields(row, self.prompt), "answer": read_options(self.options, row)[self._right(row)]}

    def _right(self, row: Row) -> int:
        return answer_index(row[self.answer], self.labels, len(read_options(self.options, row))) if self.answer else 0

    def figures(self, docs: Sequence[Doc], found: pa.Table) -> dict[str, float]:
        return {name: value for name, value in of_choices(found).items() if name != "accuracy"}

    def config(self) -> dict[str, Any]:
        return {
            "output_type": "multiple_choice",
            "doc_to_text": "context",
            "doc_to_choice": "options",
            "doc_to_target": "answer",
            "target_delimiter": self.delimiter,
        }

    def choices(self, doc: Doc) -> list[str]:
        return list(doc["options"])

    def outcome(self, doc: Doc, sample: Row) -> dict[str, float]:
        sizes = {"acc": lambda text: 1, "acc_norm": len, "acc_bytes": lambda text: len(text.encode())}[self.by]
        scores = [found[0][0] / sizes(text) for found, text in zip(sample["resps"], doc["options"], strict=True)]
        share, tied = share_point(scores, doc["answer"])
        return {**super().outcome(doc, sample), self.ties_metric: share, "tied": tied}


@dataclass(frozen=True, kw_only=True)
class Beginning(Task):
    """Of several beginnings the one that makes one ending likeliest (WinoGrande, Sakaguchi et al. 2019, scored as in
    Trinh and Le 2018). `beginnings` as Choice's options."""

    beginnings: str | tuple[str, ...]
    ending: str
    answer: str
    labels: tuple[str, ...] = ()
    delimiter: str = " "

    kind = "beginning"
    metrics = ("acc",)

    @property
    def ties_metric(self) -> str:
        return "acc_ties"

    def chance(self, docs: Sequence[Doc]) -> float:
        return math.fsum(1 / len(doc["beginnings"]) for doc in docs) / len(docs)

    def ask(self, row: Row, before: str) -> Doc:
        found = read_choices(self.beginnings, row)
        return {
            "beginnings": [before + text for text in found],
            "ending": fill(self.ending, row),
            "answer": answer_index(row[self.answer], self.labels, len(found)),
        }

    def solved(self, row: Row) -> str:
        asked = self.ask(row, "")
        return f"{asked['beginnings'][asked['answer']]}{self.delimiter}{asked['ending']}"

    def parts(self, row: Row) -> dict[str, str]:
        return {"text": self.solved(row)}

    def config(self) -> dict[str, Any]:
        return {
            "output_type": "multiple_choice",
            "doc_to_text": "answer",
            "doc_to_choice": "beginnings",
            "doc_to_target": "ending",
            "target_delimiter": self.delimiter,
        }

    def choices(self, doc: Doc) -> list[str]:
        return list(doc["beginnings"])

    def outcome(self, doc: Doc, sample: Row) -> dict[str, float]:
        share, tied = share_point([found[0][0] for found in sample["resps"]], doc["answer"])
        return {**super().outcome(doc, sample), self.ties_metric: share, "tied": tied}


@dataclass(frozen=True, kw_only=True)
class Completion(Task):
    """The text that follows a prompt: right when each of its tokens is the likeliest (LAMBADA, Paperno et al. 2016)."""

    prompt: str
    target: str

    kind = "completion"
    metrics = ("acc",)

    def ask(self, row: Row, before: str) -> Doc:
        target = fill(self.target, row)
        if not target:
            raise ValueError(f"{self.target!r} is empty; every prompt needs a text that follows it")
        return {"context": before + fill(self.prompt, row), "target": target}

    def solved(self, row: Row) -> str:
        return fill(self.prompt, row) + fill(self.target, row)

    def parts(self, row: Row) -> dict[str, str]:
        return {"text": self.solved(row)}

    def figures(self, docs: Sequence[Doc], found: pa.Table) -> dict[str, float]:
        """`perplexity` for each target, whatever its tokens, as LAMBADA's is told; none where it is beyond a float."""
        total = math.fsum(likelihood for [likelihood] in found["log_likelihoods"].to_pylist())
        value = perplexity(total, len(docs))
        return {"perplexity": value} if math.isfinite(value) else {}

    def config(self) -> dict[str, Any]:
        return {
            "output_type": "loglikelihood",
            "doc_to_text": "context",
            "doc_to_target": "target",
        }

    def choices(self, doc: Doc) -> list[str]:
        return [doc["target"]]


@dataclass(frozen=True, kw_only=True)
class Document(Task):
    """Bits per byte of whole texts: comparable across tokenizers. The bytes are those of `counted`."""

    text: str = "{text}"
    counted: str = "{text}"

    kind = "document"
    metrics = ("bits_per_byte",)

    @property
    def higher_is_better(self) -> bool:
        return False

    def ask(self, row: Row, before: str) -> Doc:
        text, counted = fill(self.text, row), fill(self.counted, row)
        if not text or not counted:
            raise ValueError("the text is empty; leave such rows out")
        return {"context": "", "text": text, "bytes": len(counted.encode())}

    def parts(self, row: Row) -> dict[str, str]:
        return {"text": fill(self.text, row)}

    def config(self) -> dict[str, Any]:
        return {
            "output_type": "loglikelihood_rolling",
            "doc_to_text": "context",
            "doc_to_target": "text",
        }

    def choices(self, doc: Doc) -> list[str]:
        return [doc["text"]]

    def outcome(self, doc: Doc, sample: Row) -> dict[str, float]:
        likelihood, _ = sample["bits_per_byte"]
        return {"bits_per_byte": -likelihood / math.log(2), "weight": float(doc["bytes"])}

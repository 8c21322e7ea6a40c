"""Generation: a task whose answers are texts, compared with references."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from training.evaluation.kinds import read_options, text_fields
from training.evaluation.metrics import exact_match, of_texts, token_f1
from training.evaluation.task import Doc, Row, Task, fill


@dataclass(frozen=True, kw_only=True)
class Generation(Task):
    """An answer in the model's own words: the likeliest token each time, at most `tokens` of them, up to the first of
    `until`. The nearest of `references` counts: a field that holds a list, or templates. See `metrics`."""

    prompt: str
    references: str | tuple[str, ...]
    until: tuple[str, ...] = ("\n",)
    tokens: int = 256
    delimiter: str = " "

    kind = "generation"
    metrics = ("f1", "exact_match")

    def ask(self, row: Row, before: str) -> Doc:
        return {"context": before + fill(self.prompt, row), "references": read_options(self.references, row)}

    def solved(self, row: Row) -> str:
        return fill(self.prompt, row) + self.delimiter + read_options(self.references, row)[0]

    def parts(self, row: Row) -> dict[str, str]:
        return {**text_fields(row, self.prompt), "answer": read_options(self.references, row)[0]}

    def figures(self, docs: Sequence[Doc], found: pa.Table) -> dict[str, float]:
        references = [doc["references"] for doc in docs]
        whole = of_texts(found["generated"].to_pylist(), references, self.language)
        return {name: value for name, value in whole.items() if name not in ("exact_match", "token_f1")}

    def config(self) -> dict[str, Any]:
        return {
            "output_type": "generate_until",
            "doc_to_text": "context",
            "doc_to_target": "references",
            "generation_kwargs": {"until": list(self.until), "max_gen_toks": self.tokens, "do_sample": False},
            "process_results": self._judge,
        }

    def _judge(self, doc: Row, answers: Sequence[str]) -> dict[str, float]:
        return {
            "f1": token_f1(answers[0], doc["references"], self.language),
            "exact_match": exact_match(answers[0], doc["references"], self.language),
        }

    def choices(self, doc: Doc) -> list[str]:
        return []

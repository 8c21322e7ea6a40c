"""Tasks: what a benchmark's files hold, what is asked about each item, and what its score is.

A task says how rows of files become the words that a model reads, in `str.format` templates over a row's fields. These
are all of its definition, so that a digest of them changes when a prompt does.
"""

from __future__ import annotations

import re
import string
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, ClassVar

import pyarrow as pa

from corpus.lake.manifest import canonical_json, sha256
from training.evaluation.files import Rows, read_jsonl

# Fields of a task that change nothing of what is asked and how it is scored.
UNASKED = ("read", "source", "above", "all_groups")

Row = Mapping[str, Any]
Doc = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Task:
    """A kind of task fills in what stands below.

    `read` turns `files` below a folder of data into rows, of several patterns the first that a file matches; `version`
    goes up when `read` changes. `item`, `passage` and `group` are templates: what names a row (empty: a digest of it),
    what items that depend on each other have in common, and their subject. `preamble` stands once before all, then
    `shots` rows of `shots_from` with their answers, the first ones of the item's group. `above` are the fields that say
    what a group belongs to, the nearest first (phenomenon, field); `all_groups` is how many the whole benchmark has.
    """

    name: str
    version: int = 1
    read: Callable[[Sequence[Path]], Rows] = read_jsonl
    files: str | tuple[str, ...] = "*.jsonl"
    item: str = ""
    passage: str = ""
    group: str = ""
    above: tuple[str, ...] = ()
    all_groups: int = 0
    language: str = "en"
    preamble: str = ""
    shots: int = 0
    shots_from: str = ""
    source: str = ""

    kind: ClassVar[str]
    metrics: ClassVar[tuple[str, ...]]

    def __post_init__(self) -> None:
        """Raises ValueError for what could not be asked, or not be written into a folder of the task's name."""
        if not re.fullmatch(r"\w[\w. -]*", self.name):
            raise ValueError(f"task name {self.name!r}: it names a folder; letters, digits, _ - and . are allowed")
        if self.shots < 0 or bool(self.shots) != bool(self.shots_from):
            raise ValueError(
                f"{self.name}: shots={self.shots} of shots_from={self.shots_from!r}; give both, or neither"
            )
        if self.main not in self.metrics:
            raise ValueError(f"{self.name}: by={self.main!r} is none of {', '.join(self.metrics)}")

    @property
    def definition(self) -> str:
        """Digest of all that decides what is asked and how it is scored; `version` stands for `read`."""
        kept = [field.name for field in fields(self) if field.name not in UNASKED]
        return sha256(canonical_json({"kind": self.kind, **{name: getattr(self, name) for name in kept}}))

    @property
    def main(self) -> str:
        """The name of the metric that is the score."""
        return self.metrics[0]

    @property
    def ties_metric(self) -> str | None:
        """The name of the metric in which tied choices share the point; None where there are no choices."""
        return None

    @property
    def higher_is_better(self) -> bool:
        return True

    def chance(self, docs: Sequence[Doc]) -> float | None:
        """The score of blind guesses, where that means something."""
        return None

    def ask(self, row: Row, before: str) -> Doc:
        """The words of an item behind preamble and shots, in the columns that `config` names."""
        raise NotImplementedError

    def solved(self, row: Row) -> str:
        """A row as it stands before others: with its answer."""
        raise NotImplementedError

    def parts(self, row: Row) -> dict[str, str]:
        """The words of the benchmark itself, without a prompt's: what a page that quotes it would hold."""
        raise NotImplementedError

    def config(self) -> dict[str, Any]:
        """lm-eval's settings for what `ask` returns."""
        raise NotImplementedError

    def choices(self, doc: Doc) -> list[str]:
        """The texts whose log-likelihoods are kept."""
        raise NotImplementedError

    def figures(self, docs: Sequence[Doc], found: pa.Table) -> dict[str, float]:
        """What else is known of all items together; those figures have no interval."""
        return {}

    def outcome(self, doc: Doc, sample: Row) -> dict[str, float]:
        """Of each of `metrics` the item's value, and `weight`, from what lm-eval found; of choices also that of
        `ties_metric`, and how many are `tied` as the best."""
        return {**{name: float(sample[name]) for name in self.metrics}, "weight": 1.0}


def fill(template: str, row: Row) -> str:
    """Raises ValueError naming the field that the row lacks, or that is null: no prompt should say "None"."""
    if empty := [name for name in names(template) if name in row and row[name] is None]:
        raise ValueError(f"{template!r} asks for {empty[0]!r}, which is null in the row; leave such rows out")
    try:
        return template.format_map(row)
    except (AttributeError, KeyError, IndexError, TypeError, ValueError) as error:
        raise ValueError(f"{template!r} asks for {error}; the row has {', '.join(map(str, row))}") from error


def names(*templates: str) -> list[str]:
    """The fields that templates ask for, each once."""
    found = [name for template in templates for _, name, _, _ in string.Formatter().parse(template) if name]
    return list(dict.fromkeys(re.split(r"[.[]", name, maxsplit=1)[0] for name in found))

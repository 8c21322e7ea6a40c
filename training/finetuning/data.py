"""Data: the files that were named -> the examples to learn from, to choose the best epoch by, and to score."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from training.checkpoints.files import file_digest
from training.finetuning.fields import Example, read_examples, why_unlabelled
from training.finetuning.plan import FinetunePlan
from training.finetuning.rows import find_parts, read_rows

VALIDATION, TEST = "validation", "test"
Passage = Callable[[Example], str | None]  # Task.passage


@dataclass(frozen=True, kw_only=True)
class Files:
    """`columns`: the names of a table's columns, where its first line has none. `fields`: by field, the column that it
    stands in, where that has another name. `test_found`: whether the test file was found in the folder, not named."""

    train: Path
    validation: Path | None = None
    test: Path | None = None
    columns: tuple[str, ...] = ()
    fields: Mapping[str, str] | None = None
    test_found: bool = False

    @property
    def paths(self) -> dict[str, Path]:
        named = {"train": self.train, VALIDATION: self.validation, TEST: self.test}
        return {part: path for part, path in named.items() if path}

    def digests(self) -> dict[str, str]:
        return {part: file_digest(path) for part, path in self.paths.items()}


@dataclass(frozen=True, kw_only=True)
class Data:
    """`known`: all of the training file, a part of which may validate. `scored_on`: whether `scored` are test examples,
    or those by which the best epoch was chosen. `files`: the examples of each file that validates or is scored.
    `left_out`: why the test file is not read, "" where it is."""

    known: Sequence[Example]
    train: Sequence[Example]
    validation: Sequence[Example]
    scored: Sequence[Example]
    scored_on: str
    files: Mapping[Path, Sequence[Example]]
    left_out: str


def find_files(data: Path, validation: Path | None, test: Path | None, **named: object) -> Files:
    """`data`: a file, or a folder that has one for each part. Raises ValueError where there is none."""
    if not data.is_dir():
        return Files(train=data, validation=validation, test=test, **named)  # type: ignore[arg-type]
    found = find_parts(data)
    return Files(
        train=found["train"],
        validation=validation or found.get(VALIDATION),
        test=test or found.get(TEST),
        test_found=test is None and TEST in found,
        **named,  # type: ignore[arg-type]
    )


def read_data(files: Files, plan: FinetunePlan, passage: Passage) -> Data:
    """Raises ValueError, naming the file, for rows that are not what the task needs."""
    parts, left_out = dict[str, list[Example]](), ""
    for part, path in files.paths.items():
        rows, renamed = read_rows(path, files.columns), files.fields or {}
        if part == TEST and files.test_found and (why := why_unlabelled(plan.task, rows, renamed, parts["train"])):
            left_out = f"{path} is left out, for {why}; scores are of the validation examples"
        else:
            parts[part] = read_examples(plan.task, rows, renamed, str(path))
    read = {path: parts[part] for part, path in files.paths.items() if part in parts and part != "train"}
    known = train = parts["train"]
    if VALIDATION not in parts:
        train, parts[VALIDATION] = hold_back(train, plan, passage)
    on = TEST if TEST in parts else VALIDATION
    return Data(
        known=known,
        train=train,
        validation=parts[VALIDATION],
        scored=parts[on],
        scored_on=on,
        files=read,
        left_out=left_out,
    )


def hold_back(examples: Sequence[Example], plan: FinetunePlan, passage: Passage) -> tuple[list[Example], list[Example]]:
    """What is learnt and what validates, by chance; examples about one passage are all in one of them, unless there is
    no other passage. Raises ValueError where one would be empty."""
    groups = _groups(examples, passage)
    if len(groups) < 2:
        groups = [[number] for number in range(len(examples))]
    count = round(plan.validation_share * len(examples))
    if not 0 < count < len(examples):
        raise ValueError(
            f"{len(examples)} examples, of which {plan.validation_share:.0%} are to validate: give more, or a "
            f"validation file"
        )
    held = set[int]()
    for number in np.random.RandomState(plan.seed).permutation(len(groups)):
        if len(held) + len(groups[number]) <= count:
            held.update(groups[number])
    smallest = min(groups, key=len)
    held = held or set(smallest)
    return (
        [one for number, one in enumerate(examples) if number not in held],
        [one for number, one in enumerate(examples) if number in held],
    )


def make_folds(
    examples: Sequence[Example], plan: FinetunePlan, passage: Passage
) -> Iterator[tuple[list[int], list[Example]]]:
    """Of each fold the numbers of its examples, and all others; examples about one passage are in one fold. Raises
    ValueError where a fold would be empty."""
    groups = _groups(examples, passage)
    if len(groups) < plan.folds:
        raise ValueError(
            f"{len(examples)} examples about {len(groups)} texts in {plan.folds} folds: give fewer folds, or more "
            f"examples"
        )
    order = np.random.RandomState(plan.seed).permutation(len(groups))
    for fold in np.array_split(order, plan.folds):
        inside = {number for group in fold for number in groups[group]}
        yield sorted(inside), [one for number, one in enumerate(examples) if number not in inside]


def _groups(examples: Sequence[Example], passage: Passage) -> list[list[int]]:
    """The numbers of the examples about one passage, and of each other by itself."""
    found: dict[str | int, list[int]] = {}
    for number, example in enumerate(examples):
        found.setdefault(passage(example) or number, []).append(number)
    return list(found.values())

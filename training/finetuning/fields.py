"""Fields: rows as a file has them -> examples with the fields that a task reads.

Columns are recognised by their names, of which each task knows several (GLUE, SuperGLUE and the field's usual ones);
others are given as FIELD=COLUMN.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from training.finetuning.rows import Row

Example = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Layout:
    """Which columns a file has, and by which of them a field is named; a field may be made of several."""

    of: str
    fields: Mapping[str, str | Callable[[Row], Any]]
    needs: tuple[str, ...] = field(default=())

    @property
    def columns(self) -> tuple[str, ...]:
        return self.needs or tuple(column for column in self.fields.values() if isinstance(column, str))

    def read(self, row: Row) -> Example:
        return {name: row[said] if isinstance(said, str) else said(row) for name, said in self.fields.items()}


def _wic_text(row: Row) -> str:
    return f"{row['word']}: {row['sentence1']}"


def _copa_text(row: Row) -> str:
    asked = {"cause": "What was the cause?", "effect": "What happened as a result?"}
    return f"{row['premise']} {asked.get(row['question'], row['question'])}"


def _instruction(row: Row) -> str:
    return f"{row['instruction']}\n\n{row['input']}" if row.get("input") else str(row["instruction"])


PAIRED = (
    Layout(of="MRPC", fields={"text": "#1 String", "pair": "#2 String", "label": "Quality"}),
    Layout(
        of="WiC",
        fields={"text": _wic_text, "pair": "sentence2", "label": "label"},
        needs=("word", "sentence1", "sentence2", "label"),
    ),
    Layout(of="RTE", fields={"text": "sentence1", "pair": "sentence2", "label": "label"}),
    Layout(of="CB", fields={"text": "premise", "pair": "hypothesis", "label": "label"}),
    Layout(of="BoolQ", fields={"text": "passage", "pair": "question", "label": "label"}),
    Layout(of="QNLI", fields={"text": "question", "pair": "sentence", "label": "label"}),
)
LAYOUTS: dict[str, tuple[Layout, ...]] = {
    "classification": (
        Layout(of="pairs", fields={"text": "text", "pair": "pair", "label": "label"}),
        Layout(of="texts", fields={"text": "text", "label": "label"}),
        *PAIRED,
        Layout(of="SST-2", fields={"text": "sentence", "label": "label"}),
    ),
    "regression": (
        Layout(of="pairs", fields={"text": "text", "pair": "pair", "score": "score"}),
        Layout(of="texts", fields={"text": "text", "score": "score"}),
        Layout(of="STS-B", fields={"text": "sentence1", "pair": "sentence2", "score": "score"}),
    ),
    "choice": (
        Layout(of="choices", fields={"text": "text", "choices": "choices", "label": "label"}),
        Layout(
            of="COPA",
            fields={"text": _copa_text, "choices": lambda row: [row["choice1"], row["choice2"]], "label": "label"},
            needs=("premise", "question", "choice1", "choice2", "label"),
        ),
    ),
    "tagging": (
        Layout(of="tags", fields={"tokens": "tokens", "tags": "tags"}),
        Layout(of="entities", fields={"tokens": "tokens", "tags": "ner_tags"}),
    ),
    "answering": (Layout(of="SQuAD", fields={"context": "context", "question": "question", "answers": "answers"}),),
    "translation": (Layout(of="texts", fields={"source": "source", "target": "target"}),),
    "summarization": (
        Layout(of="texts", fields={"source": "source", "target": "target"}),
        Layout(of="documents", fields={"source": "document", "target": "summary"}),
        Layout(of="articles", fields={"source": "article", "target": "highlights"}),
    ),
    "instructions": (
        Layout(of="messages", fields={"messages": "messages"}),
        Layout(of="prompts", fields={"prompt": "prompt", "response": "response"}),
        Layout(of="Alpaca", fields={"prompt": _instruction, "response": "output"}, needs=("instruction", "output")),
    ),
    "preferences": (Layout(of="preferences", fields={"prompt": "prompt", "chosen": "chosen", "rejected": "rejected"}),),
}


LABELS = {"classification": "label", "choice": "label", "regression": "score"}
UNKNOWN = {"-1", "-1.0"}  # the label of every test example of GLUE and SuperGLUE as Parquet


def read_examples(task: str, rows: Sequence[Row], renamed: Mapping[str, str], where: str) -> list[Example]:
    """The examples of a task. `renamed`: by field, the column that it stands in.

    Raises ValueError, naming `where` they are from, where no layout of the task has the columns that are there.
    """
    known = {name for layout in LAYOUTS[task] for name in layout.fields}
    if unknown := sorted(set(renamed) - known):
        raise ValueError(f"--field {unknown[0]}: {task} has the fields {', '.join(sorted(known))}")
    columns = list(dict.fromkeys(name for row in rows for name in row))
    if absent := sorted(set(renamed.values()) - set(columns)):
        raise ValueError(f"{where}: there is no column {absent[0]!r}, but {', '.join(map(repr, columns))}")
    layout = find_layout(task, {*columns, *renamed})
    if layout is None:
        wanted = " or ".join(" and ".join(one.columns) for one in LAYOUTS[task])
        raise ValueError(
            f"{where}: {task} needs the columns {wanted}; there are {', '.join(map(repr, columns))}. Name them by "
            f"--field FIELD=COLUMN, or by --columns where the file has no names"
        )
    if layout.fields.get("text") == "text" and "text" not in renamed and _is_wsc(rows[0]):
        raise ValueError(
            f"{where}: SuperGLUE's WSC asks about two places in its text, which {task} does not read; mark them in a "
            f"column of your own, and name it by --field text=COLUMN"
        )
    examples = []
    for number, row in enumerate(rows, start=1):
        row = {**row, **{field: row.get(column) for field, column in renamed.items()}}
        if missing := next((name for name in layout.columns if row.get(name) in (None, "")), None):
            raise ValueError(f"{where}, row {number}: {missing!r} is empty or missing")
        examples.append(layout.read(row))
    return examples


def find_layout(task: str, columns: Collection[str]) -> Layout | None:
    """The first that has all of its columns."""
    return next((one for one in LAYOUTS[task] if all(name in columns for name in one.columns)), None)


def why_unlabelled(task: str, rows: Sequence[Row], renamed: Mapping[str, str], known: Sequence[Example]) -> str:
    """Why rows of a test file have no labels, as those that benchmarks keep back; "" where they have. `known`: the
    examples that are learnt, whose label may be -1."""
    if task not in LABELS:
        return ""
    columns = {name for row in rows for name in row}
    columns |= {field for field, column in renamed.items() if column in columns}
    label = LABELS[task]
    layout = find_layout(task, columns)
    if layout is None:
        named = ((one, str(one.fields[label])) for one in LAYOUTS[task])
        lacked = next((name for one, name in named if {*one.columns} <= {*columns, name}), None)
        return f"it has no column {renamed.get(lacked, lacked)!r}" if lacked else ""
    said = str(layout.fields[label])
    column = renamed.get(said, said)
    if {str(row.get(column)) for row in rows} <= UNKNOWN and not {str(one[label]) for one in known} & UNKNOWN:
        return f"{column!r} is -1 in all of its rows"
    return ""


def _is_wsc(row: Row) -> bool:
    """In SuperGLUE's own files the places are in `target`."""
    return "span1_text" in row or (isinstance(row.get("target"), Mapping) and "span1_text" in row["target"])

"""Labels: the marks that somebody gave documents, to be kept or to be dropped, whatever the rules say of them.

    <lake>/labels.jsonl     {"doc_id": ..., "url": ..., "mark": "drop", "time": "2026-01-31T12:00:00Z", "note": ...}

A line a document, in the order of their ids; the file is replaced in one step. It may be written by other programs and
by hand: doc_id and mark are needed. It is the only thing that the page of a lake writes.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

from corpus.lake.store import Lake
from corpus.text.lines import split_lines
from headwater.tracing.page_search import is_doc_id

FILE = "labels.jsonl"
KEEP, DROP = MARKS = ("keep", "drop")
MAX_NOTE = 1_000  # characters


@dataclass(frozen=True, kw_only=True)
class Label:
    """`doc_id` in hex. `time`: when it was given, in UTC."""

    doc_id: str
    mark: str
    url: str | None = None
    time: str | None = None
    note: str = ""

    def __post_init__(self) -> None:
        if not is_doc_id(self.doc_id):
            raise ValueError(f"doc_id {self.doc_id!r} is no doc_id: give 32 hex digits, in small letters")
        if self.mark not in MARKS:
            raise ValueError(f"mark {self.mark!r}: give {' or '.join(MARKS)}")
        if len(self.note) > MAX_NOTE:
            raise ValueError(f"the note has {len(self.note):,} characters: give at most {MAX_NOTE:,}")


def labels_path(lake: Lake) -> str:
    return lake.path(FILE)


def read_labels(lake: Lake) -> dict[str, Label]:
    """doc_id -> its label; none where the lake has no such file. Raises ValueError naming a line that is no label."""
    path = labels_path(lake)
    if not lake.fs.exists(path):
        return {}
    labels: dict[str, Label] = {}
    for number, line in enumerate(split_lines(lake.fs.cat_file(path).decode(errors="replace")), 1):
        if line.strip():
            label = _parse(line, f"{path}, line {number}")
            if label.doc_id in labels:
                raise ValueError(f"{path}, line {number}: {label.doc_id} has a label already: leave one of them")
            labels[label.doc_id] = label
    return labels


def set_label(lake: Lake, label: Label) -> None:
    """Gives a document a label, in place of the one that it has."""
    with lake.lock("cache", "labels"):
        _write(lake, {**read_labels(lake), label.doc_id: label}.values())


def remove_label(lake: Lake, doc_id: str) -> None:
    with lake.lock("cache", "labels"):
        labels = read_labels(lake)
        if labels.pop(doc_id, None) is not None:
            _write(lake, labels.values())


def _write(lake: Lake, labels: Iterable[Label]) -> None:
    rows = [json.dumps(asdict(label), sort_keys=True) for label in sorted(labels, key=lambda label: label.doc_id)]
    lake.write(labels_path(lake), "".join(f"{row}\n" for row in rows).encode())


def _parse(line: str, where: str) -> Label:
    names = Label.__dataclass_fields__
    try:
        value: Any = json.loads(line)
        if not isinstance(value, dict) or not {"doc_id", "mark"} <= value.keys() <= names.keys():
            raise ValueError(f"give an object with doc_id and mark, and if you like {', '.join(list(names)[2:])}")
        wrong = [name for name, one in value.items() if not isinstance(one, str) and (one is not None or name != "url")]
        if wrong := [name for name in wrong if value[name] is not None or name in ("doc_id", "mark", "note")]:
            raise ValueError(f"{', '.join(wrong)}: give text")
        return Label(**value)
    except ValueError as error:
        raise ValueError(f"{where}: {error}") from error

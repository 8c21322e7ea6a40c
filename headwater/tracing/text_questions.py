"""Text questions: the texts whose words are looked for: given as they are, in a file of samples, or of a benchmark's
item."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from corpus.lake.stages import BENCHMARK, ITEMS
from corpus.lake.store import Lake
from corpus.text.lines import split_lines
from headwater.options import nearest


@dataclass(frozen=True, kw_only=True)
class Question:
    """A text, and how it is called where several are asked about."""

    name: str
    text: str


def read_sample(path: str) -> list[Question]:
    """A file is one text, - is standard input; of JSON lines (.jsonl), as `headwater generate --json` prints them, each
    has a `text`. Raises ValueError naming the line that has none, OSError for what cannot be read."""
    if not path.endswith(".jsonl"):
        text = sys.stdin.read() if path == "-" else Path(path).read_text("utf-8", errors="replace")
        return [Question(name=path, text=text)]
    questions = []
    for number, line in enumerate(split_lines(Path(path).read_text("utf-8")), start=1):
        try:
            questions.append(Question(name=f"{path}:{number}", text=str(json.loads(line)["text"])))
        except (ValueError, KeyError, TypeError) as error:
            raise ValueError(f'{path}:{number} is no JSON object with a "text": {line[:60]!r}') from error
    return questions


def read_item(lake: Lake, name: str) -> list[Question]:
    """The parts of the benchmark item TASK/ID, or the fields of a question of the held-out pages, each by itself.

    Raises ValueError for a task or an item that the lake does not have, naming what it may have been.
    """
    task, _, item_id = name.partition("/")
    tasks: set[str] = set()
    ids: list[str] = []
    questions: list[Question] = []
    for found, found_id, part, text in _items(lake):
        tasks.add(found)
        if found == task:
            ids.append(found_id)
            if found_id == item_id:
                questions.append(Question(name=f"{name} {part}", text=text))
    if not ids:
        there = f"{', '.join(sorted(tasks)) or 'none'}{nearest(task, tasks)}"
        raise ValueError(f"--item {name}: no items of {task!r} in the lake {lake.url}: it has {there}")
    if not questions:
        there = f"the {len(set(ids)):,} of {task}, such as {task}/{ids[0]}{nearest(item_id, ids)}"
        raise ValueError(f"--item {name}: no item {item_id!r} among {there}")
    return questions


def _items(lake: Lake) -> Iterator[tuple[str, str, str, str]]:
    """Task, id, part and text of all that a score may be made of."""
    for manifest in lake.datasets(BENCHMARK):
        for table in lake.read(manifest, "items", ["item_id", "part", "text"]):
            yield from ((manifest.partition, row["item_id"], row["part"], row["text"]) for row in table.to_pylist())
    for manifest in lake.datasets(ITEMS):
        for kind in sorted({entry.kind for entry in manifest.files}):
            for table in lake.read(manifest, kind):
                for row in table.to_pylist():
                    for part, value in row.items():
                        for text in value if isinstance(value, list) else [value]:
                            if isinstance(text, str) and part != "item_id":
                                yield kind, row["item_id"], part, text

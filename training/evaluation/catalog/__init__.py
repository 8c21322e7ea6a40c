"""Catalog: the benchmarks that are prepared, by name.

layouts: the forms in which they go round, into rows  ->  english, chinese: what is asked about a row
minimal_pairs: BLiMP and ZhoBLiMP, whole and by paradigm
"""

from __future__ import annotations

import difflib
import runpy
import textwrap
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from training.evaluation.catalog import layouts
from training.evaluation.catalog.chinese import CHINESE
from training.evaluation.catalog.english import ENGLISH
from training.evaluation.catalog.minimal_pairs import PARADIGMS
from training.evaluation.catalog.paradigms import BLIMP, ZHOBLIMP
from training.evaluation.files import read_parquet
from training.evaluation.kinds import Choice, Completion, Document
from training.evaluation.task import Task

# Made of a recipe's own held-out pages (corpus.holdout.items): they need nothing but the crawl.
HELD_OUT: tuple[Task, ...] = (
    Document(name="bits_per_byte", read=read_parquet, files="*.parquet", item="{doc_id}", passage="{doc_id}"),
    Completion(
        name="last_word",
        read=read_parquet,
        files="*.parquet",
        item="{item_id}",
        passage="{doc_id}",
        prompt="{context}",
        target="{target}",
    ),
    Choice(
        name="continuation",
        read=read_parquet,
        files="*.parquet",
        item="{item_id}",
        passage="{doc_id}",
        prompt="{context}",
        options="endings",
        answer="answer",
        delimiter="",
        by="acc_bytes",
    ),
)

# Held-out texts of the user's own, a group a file: the domains by which recipes are compared.
OWN_TEXTS = Document(
    name="texts",
    read=layouts.texts,
    files="**/*.jsonl*",
    item="{file} {number}",
    group="{file}",
    source="texts of your own, a group a file",
)

# What people have asked a served model. No prompt of a recipe's graph: they come after it.
PROMPTS = Document(
    name="prompts",
    read=layouts.logged_prompts,
    files="*.jsonl",
    passage="{same}",
    source="what `headwater serve --log-prompts` wrote",
)

PREPARED: tuple[Task, ...] = (*ENGLISH, *CHINESE, OWN_TEXTS)

TASKS: dict[str, Task] = {task.name: task for task in (*HELD_OUT, *PREPARED, PROMPTS)}

# Each paradigm of a benchmark of minimal pairs: to be scored by name, without a line or an asset of its own.
PARADIGM_TASKS: dict[str, Task] = {task.name: task for tasks in PARADIGMS.values() for task in tasks}


def find_tasks(name: str) -> list[Task]:
    """The task of a name, or all that a Python file of the user's defines. Raises ValueError when there is none."""
    if name.endswith(".py"):
        if not Path(name).is_file():
            raise ValueError(f"{name}: no such file; it would define tasks, such as `task = Choice(...)`")
        try:
            defined = runpy.run_path(name)
        except Exception as error:
            raise ValueError(f"{name} cannot be run: {type(error).__name__}: {error}") from error
        found = {id(value): value for value in defined.values() if isinstance(value, Task)}
        if not found:
            raise ValueError(f"{name} defines no task; `task = Choice(name=..., options=...)` would be one")
        return list(found.values())
    if name in PARADIGM_TASKS:
        return [PARADIGM_TASKS[name]]
    if name not in TASKS:
        near = " or ".join(difflib.get_close_matches(name, [*TASKS, *PARADIGM_TASKS], n=3))
        raise ValueError(
            f"no task {name!r}; there are {', '.join(TASKS)}, "
            f"{', '.join(f'{whole}_PARADIGM' for whole in PARADIGMS)}, or a .py file that defines one"
            f"{f'; nearest is {near}' if near else ''}"
        )
    return [TASKS[name]]


def check_unique_names(tasks: Iterable[Task]) -> None:
    """Raises ValueError where two tasks have one name, for one's scores would take the place of the other's."""
    for name, times in Counter(task.name for task in tasks).items():
        if times > 1:
            raise ValueError(f"{times} tasks are named {name}; name each otherwise, or score them apart")


def format_catalog() -> list[str]:
    """A line a task: its name, its metric, where it comes from and the files it looks for. Then the paradigms of
    minimal pairs, by phenomenon."""
    lines = []
    for task in TASKS.values():
        files = (task.files,) if isinstance(task.files, str) else task.files
        about = task.source or "held-out pages of a recipe"
        lines.append(f"{task.name:14} {task.main:14} {about}: {' or '.join(files)}")
    for whole, known in (("blimp", BLIMP), ("zhoblimp", ZHOBLIMP)):
        lines += [
            "",
            f"{whole}_PARADIGM, such as {whole}_{next(iter(known))}: one of {len(known)} paradigms of {whole}",
        ]
        phenomena: dict[str, list[str]] = {}
        for paradigm, belongs in known.items():
            phenomena.setdefault(belongs["phenomenon"], []).append(paradigm)
        for phenomenon, names in phenomena.items():
            lines += textwrap.wrap(f"  {phenomenon}: {', '.join(names)}", 118, subsequent_indent="    ")
    return lines

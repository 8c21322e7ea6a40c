"""Reports: the numbers of a recipe's report, as Arrow tables and a frozen dataclass."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from corpus.lake.store import Lake

DROPPED = pa.schema(
    [
        pa.field("stage", pa.string(), nullable=False),
        pa.field("reason", pa.string(), nullable=False),
        pa.field("records", pa.int64(), nullable=False),
    ]
)
CURVE = pa.schema(
    [
        pa.field("step", pa.int64(), nullable=False),
        pa.field("tokens", pa.int64(), nullable=False),
        pa.field("task", pa.string(), nullable=False),
        pa.field("value", pa.float64(), nullable=False),
        pa.field("low", pa.float64(), nullable=False),
        pa.field("high", pa.float64(), nullable=False),
    ]
)


@dataclass(frozen=True, kw_only=True)
class Report:
    """The numbers of a recipe's report. `dropped`: records by stage and reason. `learning_curve`: a row for each
    checkpoint on the way and task, none where there was no curve. `values`: all of report.json."""

    path: str
    recipe: str
    crawls: tuple[str, ...]
    pages: int
    documents: int
    clean: int
    unique: int
    train_documents: int
    heldout_documents: int
    train_tokens: int
    loss: float
    heldout_loss: float | None
    dropped: pa.Table
    learning_curve: pa.Table
    values: Mapping[str, Any]


def read_report(lake: Lake, recipe: str | None) -> Report:
    """Raises FileNotFoundError where the recipe has no report yet."""
    path = lake.path("report", recipe or "*", "report.json")
    if recipe is None or not lake.fs.exists(path):
        raise FileNotFoundError(f"no report in the lake {lake.url} at {path}: `headwater demo` writes one")
    values: dict[str, Any] = json.loads(lake.fs.cat_file(path))
    names = ("recipe", "pages", "documents", "clean", "unique", "train_documents", "heldout_documents", "train_tokens")
    dropped = [
        {"stage": stage, "reason": reason, "records": records}
        for stage, reasons in values["dropped"].items()
        for reason, records in reasons.items()
    ]
    curve = [
        {"step": point["step"], "tokens": point["tokens"], "task": task}
        | {bound: score[bound] for bound in ("value", "low", "high")}
        for point in (values["learning_curve"] or {"points": []})["points"]
        for task, score in point["scores"].items()
    ]
    return Report(
        path=path,
        **{name: values[name] for name in names},
        crawls=tuple(values["crawls"]),
        loss=values["training"]["loss"],
        heldout_loss=values["training"].get("heldout_loss"),
        dropped=pa.Table.from_pylist(dropped, DROPPED),
        learning_curve=pa.Table.from_pylist(curve, CURVE),
        values=values,
    )

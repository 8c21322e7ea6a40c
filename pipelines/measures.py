"""Measures: documents -> language and measures of each, in the same order. A document on which that raises an error has
the error in their place, and no other is touched."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pyarrow as pa

from corpus.lake import stages
from corpus.lake.manifest import Manifest
from corpus.lake.schema import DOC_ID
from corpus.lake.stage import Outcome, Stage
from corpus.lake.store import Lake
from corpus.language import identify as language
from corpus.quality.measures import NAMES
from pipelines.engine import Engine
from pipelines.parts import FileSplit, Part, StageError, Work, file_splits
from pipelines.plan import Plan, compute, each_split

STAGE = stages.MEASURES
VERSION = 3
RULE_ERROR = "rule_error"
MOST_ERRORS = 0.1

LANGUAGE = [
    pa.field("language", pa.string(), nullable=False),
    pa.field("language_score", pa.float64(), nullable=False),
]
# `error`: "<what failed>: <why>" where a document could not be measured; then its measures are null.
MEASURES = pa.schema(
    [
        pa.field("doc_id", DOC_ID, nullable=False),
        *LANGUAGE,
        *(pa.field(name, pa.float64()) for name in NAMES),
        pa.field("error", pa.string()),
    ]
)


class RuleError(Exception):
    """A measure, rule or mask raised an error; `str` names it and says why."""


@contextmanager
def named(name: str) -> Iterator[None]:
    try:
        yield
    except Exception as error:
        raise RuleError(f"{name}: {type(error).__name__}: {error}"[:300]) from error


def measure(lake: Lake, documents: Manifest, engine: Engine, rule_errors: float = MOST_ERRORS) -> Outcome:
    """Publishes language and measures of every document. Raises StageError, and publishes nothing, when more than that
    share of them cannot be measured."""
    stage = Stage(
        name=STAGE,
        partition=documents.partition,
        version=VERSION,
        config=None,
        datasets=[documents],
        libraries=language.LIBRARIES,
    )
    splits = file_splits(lake, {"documents": [documents]})
    plan = bounded(lambda: each_split(splits, Measure(), [documents]), rule_errors)
    return compute(lake, stage, engine, plan)


def bounded(plan: Callable[[], Plan], rule_errors: float) -> Callable[[], Plan]:
    """The plan, failing when too many documents raised errors: that is a fault of the code or of an installation."""

    def check(rows: list[dict[str, Any]]) -> None:
        errors = sum(row["figures"].get(RULE_ERROR, 0) for row in rows)
        records = sum(row["counts"]["records_in"] for row in rows)
        if errors > rule_errors * records:
            first = next(row["notes"] for row in rows if row["notes"])
            raise StageError(
                f"{errors} of {records} documents raised an error in a rule, more than {rule_errors:.0%}; the first: "
                f"{first}"
            )

    return lambda: replace(plan(), check=check)


def prepare() -> None:
    """Loads compiled kernels, tables and the language model."""
    from corpus.quality import measurement as quality

    texts = pa.array(["The quality of a text."])
    language.identify_languages(texts.to_pylist())
    quality.measure_texts(texts, ["en"])


class Measure(Work):
    schemas = {"measures": MEASURES}

    def prepare(self) -> None:
        prepare()

    def process(self, lake: Lake, split: FileSplit, part: Part) -> None:
        for batch in lake.read_batches(split.paths["documents"], ["doc_id", "text"]):
            part.keep_table("measures", _or_one_by_one(_measured, batch, part))


def _or_one_by_one(function: Callable[[pa.RecordBatch], pa.Table], batch: pa.RecordBatch, part: Part) -> pa.Table:
    """What a function makes of a batch; where it fails, of each document alone, so that one costs no other."""
    try:
        return function(batch)
    except RuleError as error:
        if batch.num_rows > 1:
            return pa.concat_tables(_or_one_by_one(function, batch.slice(row, 1), part) for row in range(len(batch)))
        count_error(part, str(error))
        row = dict.fromkeys(MEASURES.names) | {"language": language.UNKNOWN, "language_score": 0.0}
        return pa.Table.from_pylist([row | {"doc_id": batch["doc_id"][0].as_py(), "error": str(error)}], MEASURES)


def count_error(part: Part, error: str) -> None:
    part.figure(RULE_ERROR, 1)
    part.notes = part.notes or error


def _measured(batch: pa.RecordBatch) -> pa.Table:
    from corpus.quality import measurement as quality  # loads a compiler's runtime, which only the workers need

    texts = batch["text"]
    with named("language"):
        labels = language.identify_languages(texts.to_pylist())
    codes = [code for code, _ in labels]
    with named("quality"):
        values = quality.measure_texts(texts, codes)
    scores = pa.array([score for _, score in labels], pa.float64())
    errors = pa.nulls(len(batch), pa.string())
    return pa.Table.from_arrays([batch["doc_id"], pa.array(codes), scores, *values.columns, errors], schema=MEASURES)

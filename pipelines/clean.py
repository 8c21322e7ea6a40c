"""Clean: documents -> measures -> clean. What is measured is kept for every document, so moving a threshold measures
nothing again; what the rules say of it decides who stays."""

from __future__ import annotations

from dataclasses import asdict, dataclass

import pyarrow as pa

from corpus import language, quality
from corpus.lake import Lake
from corpus.manifest import Manifest
from corpus.rules import DAMAGE, GOPHER_QUALITY, Rule, failures
from corpus.schema import DOC_ID, DOCUMENT, DROPPED, LEDGER, ledger_row
from pipelines.elements import FileSplit, Part, Work, file_splits
from pipelines.engine import Engine, Outcome, Stage, StageError, compute, each_split

MEASURES_STAGE, CLEAN_STAGE = "measures", "clean"
VERSION = 1

LANGUAGE = [
    pa.field("language", pa.string(), nullable=False),
    pa.field("language_score", pa.float64(), nullable=False),
]
MEASURES = pa.schema(
    [
        pa.field("doc_id", DOC_ID, nullable=False),
        *LANGUAGE,
        *(pa.field(name, pa.float64(), nullable=False) for name in quality.NAMES),
    ]
)
CLEAN = pa.schema([*DOCUMENT, *LANGUAGE])


@dataclass(frozen=True, kw_only=True)
class CleanConfig:
    """`language_score`: the least probability with which a page's language must be known."""

    rules: tuple[Rule, ...] = GOPHER_QUALITY + DAMAGE
    language_score: float = 0.3


def measure(lake: Lake, documents: Manifest, engine: Engine) -> Outcome:
    """Publishes language and measures of every document."""
    stage = Stage(
        name=MEASURES_STAGE,
        partition=documents.partition,
        version=VERSION,
        config=None,
        inputs={documents.name: documents.digest},
        libraries=language.LIBRARIES,
    )
    splits = file_splits(lake, {"documents": [documents]})
    return compute(lake, stage, engine, lambda: each_split(lake, stage, splits, Measure(), [documents]))


class Measure(Work):
    schemas = {"measures": MEASURES}

    def process(self, lake: Lake, split: FileSplit, part: Part) -> None:
        for row in lake.read_rows(split.paths["documents"], ["doc_id", "text"]):
            [(code, score)] = language.identify([row["text"]])
            values = asdict(quality.measure(row["text"]))
            part.keep("measures", {"doc_id": row["doc_id"], "language": code, "language_score": score, **values})


def clean(lake: Lake, documents: Manifest, config: CleanConfig, engine: Engine) -> Outcome:
    """Publishes the documents that no rule stops. Raises StageError when none is left."""
    measures = measure(lake, documents, engine).manifest
    stage = Stage(
        name=CLEAN_STAGE,
        partition=documents.partition,
        version=VERSION,
        config=config,
        inputs={documents.name: documents.digest, measures.name: measures.digest},
    )
    splits = file_splits(lake, {"documents": [documents], "measures": [measures]})
    outcome = compute(lake, stage, engine, lambda: each_split(lake, stage, splits, Clean(config), [documents]))
    if outcome.manifest.counts.kept == 0:
        raise StageError(
            f"{stage.label}: no document is left of {outcome.manifest.counts.records_in}; "
            f"dropped by {dict(outcome.manifest.counts.dropped)}; loosen a rule of the recipe, or take a larger crawl"
        )
    return outcome


class Clean(Work):
    schemas = {"documents": CLEAN, "ledger": LEDGER}

    def __init__(self, config: CleanConfig) -> None:
        self.config = config

    def process(self, lake: Lake, split: FileSplit, part: Part) -> None:
        documents = lake.read_rows(split.paths["documents"])
        measures = lake.read_rows(split.paths["measures"])
        for document, measured in zip(documents, measures, strict=True):
            if document["doc_id"] != measured["doc_id"]:
                raise StageError(f"{split.paths['measures']} and its documents are not in the same order")
            code, score = measured["language"], measured["language_score"]
            failed = failures(measured, code, score, self.config.rules, self.config.language_score)
            if failed:
                rules = [asdict(failure) for failure in failed]
                part.lose(ledger_row(document, CLEAN_STAGE, DROPPED, failed[0].rule, rules=rules))
            else:
                part.figure("text_bytes", len(document["text"].encode()))
                part.figure(f"language:{code}", 1)
                part.keep("documents", {**document, "language": code, "language_score": score})

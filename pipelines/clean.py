"""Clean: documents -> measures -> clean. What is measured is kept for every document, so moving a threshold measures
nothing again; what the rules say of it decides who stays."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import pyarrow as pa

from corpus import language, privacy, quality
from corpus.lake import Lake
from corpus.manifest import Manifest
from corpus.rules import DAMAGE, GOPHER_QUALITY, Failure, Rule, failures
from corpus.schema import DOC_ID, DOCUMENT, DROPPED, LEDGER, ledger_row
from corpus.toxicity import BadWordConfig, BadWordLists, BadWords
from pipelines.elements import FileSplit, Part, Work, file_splits
from pipelines.engine import Engine, Outcome, Stage, StageError, compute, each_split

MEASURES_STAGE, CLEAN_STAGE = "measures", "clean"
VERSION = 2
BAD_WORDS = "bad_words"

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
# How many placeholders of each kind stand in a document's title and text.
MASKED = pa.struct([pa.field(kind, pa.int32(), nullable=False) for kind in privacy.KINDS])
CLEAN = pa.schema([*DOCUMENT, *LANGUAGE, pa.field("masked", MASKED, nullable=False)])


@dataclass(frozen=True, kw_only=True)
class CleanConfig:
    """`language_score`: the least probability with which a page's language must be known. `mask`: the kinds of personal
    data that are masked in what is kept, () for none."""

    rules: tuple[Rule, ...] = GOPHER_QUALITY + DAMAGE
    language_score: float = 0.3
    mask: tuple[str, ...] = privacy.KINDS
    bad_words: BadWordConfig = field(default_factory=BadWordConfig)

    def __post_init__(self) -> None:
        unknown = set(self.mask) - set(privacy.KINDS)
        if unknown:
            raise ValueError(f"cannot mask {sorted(unknown)}: there are {', '.join(privacy.KINDS)}")


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
    lists = BadWordLists(config.bad_words.folder) if config.bad_words.folder else None
    digest = lists.digest if lists else None
    stage = Stage(
        name=CLEAN_STAGE,
        partition=documents.partition,
        version=VERSION,
        config=replace(config, bad_words=replace(config.bad_words, folder=digest)),  # by content, wherever they lie
        inputs={documents.name: documents.digest, measures.name: measures.digest},
        libraries=privacy.LIBRARIES,
    )
    splits = file_splits(lake, {"documents": [documents], "measures": [measures]})
    outcome = compute(lake, stage, engine, lambda: each_split(lake, stage, splits, Clean(config, digest), [documents]))
    if outcome.manifest.counts.kept == 0:
        raise StageError(
            f"{stage.label}: no document is left of {outcome.manifest.counts.records_in}; "
            f"dropped by {dict(outcome.manifest.counts.dropped)}; loosen a rule of the recipe, or take a larger crawl"
        )
    return outcome


class Clean(Work):
    schemas = {"documents": CLEAN, "ledger": LEDGER}

    def __init__(self, config: CleanConfig, bad_words_digest: str | None) -> None:
        self.config, self.bad_words_digest = config, bad_words_digest

    def setup(self, lake: Lake) -> None:
        folder = self.config.bad_words.folder
        self.bad_words = BadWordLists(folder) if folder else None
        if self.bad_words is not None and self.bad_words.digest != self.bad_words_digest:
            raise StageError(f"the lists of bad words in {folder} changed while the stage ran")

    def process(self, lake: Lake, split: FileSplit, part: Part) -> None:
        documents = lake.read_rows(split.paths["documents"])
        measures = lake.read_rows(split.paths["measures"])
        for document, measured in zip(documents, measures, strict=True):
            if document["doc_id"] != measured["doc_id"]:
                raise StageError(f"{split.paths['measures']} and its documents are not in the same order")
            code, score = measured["language"], measured["language_score"]
            failed = failures(measured, code, score, self.config.rules, self.config.language_score)
            bad = self.bad_words.measure(document["text"], code) if self.bad_words else None
            if bad is not None and bad.share > self.config.bad_words.maximum:
                failed.append(Failure(rule=BAD_WORDS, value=bad.share, threshold=self.config.bad_words.maximum))
            if failed:
                rules = [asdict(failure) for failure in failed]
                detail = _said(bad) if failed[-1].rule == BAD_WORDS else None
                part.lose(ledger_row(document, CLEAN_STAGE, DROPPED, failed[0].rule, rules=rules, detail=detail))
            else:
                part.figure(f"language:{code}", 1)
                self._keep({**document, "language": code, "language_score": score}, part)

    def _keep(self, document: dict[str, Any], part: Part) -> None:
        counts: Counter[str] = Counter()
        for column in ("title", "text"):
            masked = privacy.mask(document[column], self.config.mask)
            document[column] = masked.text
            counts.update(masked.counts)
        for kind, count in counts.items():
            part.figure(f"masked:{kind}", count)
        part.figure("text_bytes", len(document["text"].encode()))
        part.keep("documents", {**document, "masked": {kind: counts[kind] for kind in privacy.KINDS}})


def _said(bad: BadWords | None) -> str | None:
    """The bad words that were found most often."""
    found = sorted(bad.found.items(), key=lambda item: (-item[1], item[0])) if bad else []
    return ", ".join(f"{phrase} {times}" for phrase, times in found)[:200] or None

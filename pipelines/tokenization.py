"""Encode: split, tokenizer -> tokens. The token ids of every training and held-out page."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from corpus.lake import stages
from corpus.lake.manifest import Manifest
from corpus.lake.schema import DOC_ID, DROPPED, LEDGER, ORIGIN, ledger_row
from corpus.lake.stage import Outcome, Stage
from corpus.lake.store import Lake
from corpus.tokenizer.vocabulary import LIBRARIES, Encoded, Vocabulary
from pipelines.engine import Engine
from pipelines.parts import FileSplit, Part, StageError, Work, file_splits
from pipelines.plan import compute, each_split
from pipelines.vocabulary import tokenizer_bytes

STAGE = stages.TOKENS
VERSION = 2
SPLITS = ("train", "heldout")
COLUMNS = [*(field.name for field in ORIGIN), "language", "text"]

TOKENS = pa.schema(
    [
        pa.field("doc_id", DOC_ID, nullable=False),
        pa.field("length", pa.int64(), nullable=False),
        pa.field("tokens", pa.list_(pa.uint32()), nullable=False),
    ]
)


def encode(lake: Lake, split: Manifest, tokenizer: Manifest, engine: Engine) -> Outcome:
    """Publishes the token ids of the pages of `split`. A page on which the tokenizer fails is dropped.

    Raises StageError when it fails on every training page.
    """
    stage = Stage(
        name=STAGE,
        partition=split.partition,
        version=VERSION,
        config=None,
        datasets=[split, tokenizer],
        libraries=LIBRARIES,
    )
    splits = file_splits(lake, {name: [split] for name in SPLITS})
    work = Encode(tokenizer, threads=max(1, engine.workers // len(splits)))
    outcome = compute(lake, stage, engine, lambda: each_split(splits, work, [split]))
    if "train_tokens" not in outcome.manifest.figures:
        raise StageError(
            f"{stage.label}: the tokenizer fails on every training page ({dict(outcome.manifest.counts.dropped)}); "
            f"take another one, {tokenizer.name} is none for these pages"
        )
    return outcome


class Encode(Work):
    """`threads` of a process: more than one where there are fewer splits than processes could work on."""

    schemas = dict.fromkeys(SPLITS, TOKENS) | {"ledger": LEDGER}

    def __init__(self, tokenizer: Manifest, threads: int) -> None:
        self.tokenizer, self.threads = tokenizer, threads

    def setup(self, lake: Lake) -> None:
        self.vocabulary = Vocabulary(tokenizer_bytes(lake, self.tokenizer), self.threads)

    def process(self, lake: Lake, split: FileSplit, part: Part) -> None:
        figures: Counter[str] = Counter()
        for kind in SPLITS:
            for batch in lake.read_batches(split.paths[kind], COLUMNS):
                encoded = self.vocabulary.encode(batch["text"].to_pylist())
                part.keep_table(kind, _rows(batch, encoded))
                _count(figures, kind, batch, encoded)
                for place, failure in encoded.failed.items():
                    [origin] = batch.slice(place, 1).select(LEDGER.names[: len(ORIGIN)]).to_pylist()
                    part.lose(ledger_row(origin, STAGE, DROPPED, failure.reason, detail=failure.detail))
        for name, value in figures.items():
            part.figure(name, value)


def _rows(batch: pa.RecordBatch, encoded: Encoded) -> pa.Table:
    """Ids go from the tokenizer's buffer to the file without a Python number for each."""
    lengths = pa.array(encoded.lengths)
    offsets = pa.array([0, *encoded.lengths.cumsum().tolist()], pa.int32())
    tokens = pa.ListArray.from_arrays(offsets, pa.array(encoded.tokens))
    rows = pa.Table.from_arrays([batch["doc_id"], lengths, tokens], schema=TOKENS)
    return rows.filter(pc.greater(rows["length"], 0)) if encoded.failed else rows


def _count(figures: Counter[str], kind: str, batch: pa.RecordBatch, encoded: Encoded) -> None:
    """Tokens and the bytes of text that they stand for, of the kind and of each of its languages."""
    counted = pa.table(
        {"language": batch["language"], "tokens": encoded.lengths, "bytes": pc.binary_length(batch["text"])}
    ).filter(pc.greater(pa.array(encoded.lengths), 0))
    for row in counted.group_by("language").aggregate([("tokens", "sum"), ("bytes", "sum")]).to_pylist():
        for name in ("tokens", "bytes"):
            figures[f"{kind}_{name}"] += row[f"{name}_sum"]
            figures[f"{kind}_{name}:{row['language']}"] += row[f"{name}_sum"]


def by_language(figures: Mapping[str, Any]) -> dict[str, dict[str, float | None]]:
    """Of each language, the one with most text first: its `bytes`, and bytes a token in the pages of SPLITS, None where
    it has none."""
    totals: Counter[str] = Counter()
    for name, value in figures.items():
        unit, _, language = name.partition(":")
        if language and unit in [f"{kind}_bytes" for kind in SPLITS]:
            totals[language] += value
    found: dict[str, dict[str, float | None]] = {}
    for language, total in sorted(totals.items(), key=lambda item: (-item[1], item[0])):
        found[language] = {"bytes": total}
        for kind in SPLITS:
            tokens = figures.get(f"{kind}_tokens:{language}")
            found[language][kind] = round(figures[f"{kind}_bytes:{language}"] / tokens, 3) if tokens else None
    return found

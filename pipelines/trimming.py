"""Trim: clean -> repeats -> trimmed. An optional step of a recipe: text that repeats across documents is cut out.

Published are the documents without it, `cuts` with each cut's keeper, and the ledger of those of which no word is left.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from corpus.lake import stages
from corpus.lake.manifest import Manifest
from corpus.lake.schema import DOC_ID, DROPPED, LEDGER, ORIGIN, ledger_row
from corpus.lake.stage import Outcome, Stage
from corpus.lake.store import Lake
from corpus.repeats import lines as repeated_lines
from corpus.repeats import spans as repeated_spans
from corpus.repeats.cuts import REPEATED_LINE, REPEATED_PARAGRAPH, REPEATED_SPAN, Cut, apply_cuts, include_closing_marks
from corpus.repeats.lines import LINE, LineConfig
from corpus.text.normal_form import WORD
from pipelines.cleaning import CLEAN, keep_documents
from pipelines.engine import Engine
from pipelines.parts import FileSplit, Part, Work, file_splits
from pipelines.plan import compute, each_split
from pipelines.repeats import KEEPER, LINES, SPANS, TrimConfig, find_repeats, scope_keys

STAGE = stages.TRIMMED
VERSION = 1
ONLY_REPEATED_TEXT = "only_repeated_text"

# `start` and `stop` in characters of the clean text. `keeper` is the first document with what is cut, by file and
# offset, which may lose it to an earlier one as part of something longer; `documents`: how many hold it.
CUTS = pa.schema(
    [
        pa.field("doc_id", DOC_ID, nullable=False),
        pa.field("start", pa.int64(), nullable=False),
        pa.field("stop", pa.int64(), nullable=False),
        pa.field("kind", pa.string(), nullable=False),
        KEEPER,
        pa.field("documents", pa.int64(), nullable=False),
    ]
)


def trim(lake: Lake, clean: Manifest, config: TrimConfig, engine: Engine) -> Outcome:
    """Publishes a crawl's documents without what is repeated in it. Raises StageError as `find_repeats`."""
    repeats = find_repeats(lake, clean, config, engine).manifest
    stage = Stage(
        name=STAGE,
        partition=clean.partition,
        version=VERSION,
        config=config,
        datasets=[clean, repeats],
    )
    splits = file_splits(lake, {"documents": [clean], "spans": [repeats]})
    return compute(lake, stage, engine, lambda: each_split(splits, Trim(config, repeats), [clean]))


class Trim(Work):
    schemas = {"documents": CLEAN, "cuts": CUTS, "ledger": LEDGER}

    def __init__(self, config: TrimConfig, repeats: Manifest) -> None:
        self.config, self.repeats = config, repeats

    def setup(self, lake: Lake) -> None:
        found = [LINES.empty_table(), *lake.read(self.repeats, "lines")]
        self.lines = pa.concat_tables(found).combine_chunks()
        self.keys = self.lines["key"].to_numpy()

    def process(self, lake: Lake, split: FileSplit, part: Part) -> None:
        scopes, row = None, 0
        if self.config.lines is not None:
            scopes = scope_keys(lake.read_table(split.paths["documents"], ["host"])["host"], self.config.lines)
        spans = lake.read_table(split.paths["spans"]) if "spans" in split.paths else SPANS.empty_table()
        rows = spans["row"].to_numpy()
        for batch in lake.read_batches(split.paths["documents"]):
            low, high = np.searchsorted(rows, (row, row + len(batch)))
            cuts: list[list[Cut]] = [[] for _ in range(len(batch))]
            if scopes is not None and self.config.lines is not None:
                self._lines(batch, scopes[row : row + len(batch)], self.config.lines, cuts)
            _add_spans(batch, spans.slice(low, high - low), row, cuts)
            _apply(batch, cuts, part)
            row += len(batch)

    def _lines(self, batch: pa.RecordBatch, scopes: np.ndarray, config: LineConfig, cuts: list[list[Cut]]) -> None:
        """Adds the repeated lines and paragraphs of which another document is the keeper."""
        found = repeated_lines.find_units(batch["text"], config.characters)
        keys = repeated_lines.unit_keys(found, scopes)
        places = np.searchsorted(self.keys, keys)
        hits = np.flatnonzero(places < len(self.keys))
        hits = hits[self.keys[places[hits]] == keys[hits]]
        repeated = self.lines.take(pa.array(places[hits]))
        doc_ids = batch["doc_id"].to_pylist()
        for unit, keeper, documents in zip(
            hits, repeated["keeper"].to_pylist(), repeated["documents"].to_pylist(), strict=True
        ):
            text = found.texts[unit]
            if keeper != doc_ids[text]:
                kind = REPEATED_LINE if found.kinds[unit] == LINE else REPEATED_PARAGRAPH
                bounds = {"start": int(found.starts[unit]), "stop": int(found.stops[unit])}
                cuts[text].append(Cut(**bounds, kind=kind, keeper=keeper, documents=documents))


def _add_spans(batch: pa.RecordBatch, spans: pa.Table, first: int, cuts: list[list[Cut]]) -> None:
    """Adds repeated spans, with the marks that close them. `first` is the row of the batch's first document."""
    if not spans.num_rows:
        return
    rows, numbers = np.unique(spans["row"].to_numpy() - first, return_inverse=True)
    texts = batch["text"].take(pa.array(rows))
    starts, stops, offsets = repeated_spans.word_positions(texts)
    for number, span in zip(numbers, spans.to_pylist(), strict=True):
        start, last = int(starts[offsets[number] + span["start"]]), int(stops[offsets[number] + span["stop"] - 1])
        stop = include_closing_marks(texts[number].as_py(), last)
        rest = {"keeper": span["keeper"], "documents": span["documents"]}
        cuts[rows[number]].append(Cut(start=start, stop=stop, kind=REPEATED_SPAN, **rest))


def _apply(batch: pa.RecordBatch, cuts: Sequence[Sequence[Cut]], part: Part) -> None:
    texts, doc_ids = batch["text"].to_pylist(), batch["doc_id"].to_pylist()
    lost = []
    for row, found in enumerate(cuts):
        if not found:
            continue
        texts[row], made = apply_cuts(texts[row], found)
        for one in made:
            part.add("cuts", {"doc_id": doc_ids[row], **vars(one)})
            part.figure(f"{one.kind}:cuts", 1)
            part.figure(f"{one.kind}:characters", one.stop - one.start)
        part.figure("trimmed_documents", 1)
        if not WORD.search(texts[row]):
            lost.append(row)
    for origin in batch.select([column.name for column in ORIGIN]).take(pa.array(lost, pa.int64())).to_pylist():
        part.lose(ledger_row(origin, STAGE, DROPPED, ONLY_REPEATED_TEXT))
    left = pa.array(sorted(set(range(len(texts))) - set(lost)), pa.int64())
    columns = dict(zip(batch.schema.names, batch.columns, strict=True))
    columns["text"] = pa.array(texts, CLEAN.field("text").type)
    keep_documents(part, pa.table([columns[name] for name in CLEAN.names], schema=CLEAN).take(left))

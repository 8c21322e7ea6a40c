"""Deduplicate: crawl by crawl, clean -> signatures -> duplicates -> unique: the documents of a crawl that stay, and the
ledger of the others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from corpus.duplicates.banding import DuplicateConfig
from corpus.duplicates.keeper import order_crawls
from corpus.duplicates.removals import NEAR
from corpus.lake import stages
from corpus.lake.manifest import Manifest
from corpus.lake.schema import DROPPED, FAILED_RULE, LEDGER, ORIGIN
from corpus.lake.stage import Outcome, Stage
from corpus.lake.store import ROWS, Lake
from pipelines.cleaning import CLEAN, keep_documents
from pipelines.duplicates.signatures import sign
from pipelines.duplicates.signed import REMOVAL, Signed, removals_between
from pipelines.duplicates.splits import Documents, document_files
from pipelines.duplicates.stage import find_duplicates
from pipelines.engine import Engine
from pipelines.parts import FileSplit, Part, StageError, Work, file_splits
from pipelines.plan import compute, each_split

STAGE = stages.UNIQUE
VERSION = 2
TOGETHER = 4 * ROWS
ORIGINS = pa.schema(ORIGIN)


def deduplicate(lake: Lake, cleans: Sequence[Manifest], config: DuplicateConfig, engine: Engine) -> list[Outcome]:
    """Publishes, crawl by crawl, the documents that are no duplicate of one that stays, in the order of `in_order`.

    Raises StageError when two crawls have one name.
    """
    if config.scope == "off":
        return [_unique(lake, clean, None, config, engine) for clean in in_order(cleans, config)]
    outcomes: list[Outcome] = []
    earlier: list[Signed] = []
    for clean in in_order(cleans, config):
        signed = Signed(documents=clean, signatures=sign(lake, clean, config.signing(), engine).manifest)
        known = earlier if config.scope == "together" else []
        duplicates = find_duplicates(lake, signed, known, config, engine).manifest
        outcome = _unique(lake, clean, duplicates, config, engine)
        earlier.append(replace(signed, duplicates=duplicates, unique=outcome.manifest))
        outcomes.append(outcome)
    return outcomes


def in_order(cleans: Sequence[Manifest], config: DuplicateConfig) -> list[Manifest]:
    """The crawls as they are compared: those that the configuration names, then the others by name."""
    names = [clean.partition for clean in cleans]
    if len(set(names)) < len(names):
        raise StageError(f"{', '.join(sorted(names))}: two crawls of one name would hide each other; rename one")
    by_name = dict(zip(names, cleans, strict=True))
    return [by_name[name] for name in order_crawls(names, config.crawls)]


def _unique(
    lake: Lake, clean: Manifest, duplicates: Manifest | None, config: DuplicateConfig, engine: Engine
) -> Outcome:
    """`duplicates`: None where nothing is looked for."""
    stage = Stage(
        name=STAGE,
        partition=clean.partition,
        version=VERSION,
        config=None,
        datasets=[clean, duplicates] if duplicates is not None else [clean],
    )
    splits = file_splits(lake, {"documents": [clean]})
    keep = Keep(duplicates, document_files(clean), config.measure, config.threshold)
    return compute(lake, stage, engine, lambda: each_split(splits, keep, [clean]))


class Keep(Work):
    """`files`: the crawl's documents, by file."""

    schemas = {"documents": CLEAN, "ledger": LEDGER}

    def __init__(self, duplicates: Manifest | None, files: Sequence[Documents], measure: str, threshold: float) -> None:
        self.duplicates, self.measure, self.threshold = duplicates, measure, threshold
        self.files = {file.name: file for file in files}

    def process(self, lake: Lake, split: FileSplit, part: Part) -> None:
        file = self.files[split.name]
        removals = REMOVAL.empty_table()
        if self.duplicates is not None:
            removals = removals_between(lake, self.duplicates, file.first, file.stop, REMOVAL.names)
        rows = removals["position"].to_numpy().astype(np.int64) - file.first
        start = 0
        kept: list[pa.RecordBatch] = []
        lost = [ORIGINS.empty_table()]
        for batch in lake.read_batches(split.paths["documents"]):
            first, last = np.searchsorted(rows, (start, start + len(batch)))
            places = rows[first:last] - start
            lost.append(pa.Table.from_batches([batch.select(ORIGINS.names).take(pa.array(places))]))
            left = np.ones(len(batch), bool)
            left[places] = False
            kept.append(batch.filter(pa.array(left)))
            start += len(batch)
            if sum(map(len, kept)) >= TOGETHER:
                self._keep(kept, part)
        self._keep(kept, part)
        part.lose_table(self._ledger(pa.concat_tables(lost), removals))

    def _keep(self, batches: list[pa.RecordBatch], part: Part) -> None:
        """Puts them into a row group together: to write many small ones takes a quarter longer."""
        if not batches:
            return
        keep_documents(part, pa.Table.from_batches(batches).cast(CLEAN))  # a file has times in milliseconds
        batches.clear()

    def _ledger(self, origins: pa.Table, removals: pa.Table) -> pa.Table:
        if origins["doc_id"] != removals["doc_id"]:
            name = self.duplicates.name if self.duplicates is not None else STAGE
            raise StageError(f"{name} is of other documents than those that it is applied to")
        count = len(origins)
        rules = pa.StructArray.from_arrays(
            [pa.repeat(self.measure, count), removals["similarity"].combine_chunks(), pa.repeat(self.threshold, count)],
            fields=list(FAILED_RULE),
        )
        near = pc.equal(removals["reason"], NEAR).to_numpy()
        columns = dict(zip(ORIGINS.names, origins.columns, strict=True)) | {
            "stage": pa.repeat(STAGE, count),
            "outcome": pa.repeat(DROPPED, count),
            "reason": removals["reason"],
            "rules": _lists(rules, near),
            "keeper": removals["keeper"],
            "similarity": removals["similarity"],
            "detail": pa.nulls(count, pa.string()),
        }
        return pa.table(columns, schema=LEDGER)


def _lists(values: pa.Array, chosen: np.ndarray) -> pa.Array:
    """A list of one value each where it is chosen, and null elsewhere."""
    offsets = pa.array(np.concatenate(([0], np.cumsum(chosen))).astype(np.int32))
    return pa.ListArray.from_arrays(offsets, values.filter(pa.array(chosen)), mask=pa.array(~chosen))

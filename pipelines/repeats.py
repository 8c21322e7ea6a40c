"""Repeats: clean -> repeats: which text of a crawl repeats across its documents: lines and paragraphs by their hash,
counted split by split and then together; spans of words by document."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from corpus.lake import stages
from corpus.lake.manifest import Manifest
from corpus.lake.parquet import parquet_writer
from corpus.lake.schema import DOC_ID
from corpus.lake.stage import Outcome, Stage
from corpus.lake.store import Lake
from corpus.repeats import lines as repeated_lines
from corpus.repeats import spans as repeated_spans
from corpus.repeats.lines import LineConfig, UnitCounts
from corpus.repeats.spans import SpanConfig
from corpus.text.words import find_words
from pipelines.engine import Engine
from pipelines.parts import FileSplit, Part, StageError, Work, file_splits
from pipelines.plan import Plan, compute, each_split_then

STAGE = stages.REPEATS
VERSION = 1
COUNTS_HELD = 1 << 22  # counted lines that are merged at a time: about 500 MB
GROUP = 1 << 16  # rows of a row group that is ordered by key
PLACE = ["doc_id", "host", "warc_file", "warc_offset"]

# Lines and paragraphs of a part, or of the crawl, in the order of their keys. `first` is the row of a document in its
# part; `keeper` that document's id.
COUNTED = [pa.field("key", pa.uint64(), nullable=False), pa.field("documents", pa.int64(), nullable=False)]
UNITS = pa.schema(
    [*COUNTED, pa.field("scope", pa.uint64(), nullable=False), pa.field("first", pa.int64(), nullable=False)]
)
KEEPER = pa.field("keeper", DOC_ID, nullable=False)
LINES = pa.schema([*COUNTED, KEEPER])
# A document of a part, by its row, and which of its words go.
SPANS = pa.schema(
    [
        pa.field("row", pa.int64(), nullable=False),
        pa.field("start", pa.int64(), nullable=False),
        pa.field("stop", pa.int64(), nullable=False),
        pa.field("documents", pa.int64(), nullable=False),
        KEEPER,
    ]
)


@dataclass(frozen=True, kw_only=True)
class TrimConfig:
    """What is cut out: repeated lines and paragraphs, repeated spans, or both; None for neither of the two."""

    lines: LineConfig | None = None
    spans: SpanConfig | None = None

    def __post_init__(self) -> None:
        if self.lines is None and self.spans is None:
            raise ValueError("nothing to cut out: give lines, spans, or no TrimConfig at all")


def find_repeats(lake: Lake, clean: Manifest, config: TrimConfig, engine: Engine) -> Outcome:
    """Publishes what is repeated in a crawl: `lines` and `spans`. Raises StageError when its words are too many for a
    suffix array."""
    stage = Stage(
        name=STAGE,
        partition=clean.partition,
        version=VERSION,
        config=config,
        datasets=[clean],
    )
    splits = file_splits(lake, {"documents": [clean]})

    def plan() -> Plan:
        gather = Gather(config, splits, lake.path(stage.name, stage.address))
        return each_split_then(splits, Count(config.lines), gather, [clean])

    return compute(lake, stage, engine, plan)


class Count(Work):
    """The lines and paragraphs of a part: in how many of its documents each stands, and in which first."""

    schemas = {}

    def __init__(self, config: LineConfig | None) -> None:
        self.config = config

    def process(self, lake: Lake, split: FileSplit, part: Part) -> None:
        places = lake.read_table(split.paths["documents"], PLACE)
        part.pass_through(places.num_rows)
        if self.config is None:
            return
        scopes, ranks, row = scope_keys(places["host"], self.config), _ranks(places), 0
        keys, texts = [np.empty(0, np.uint64)], [np.empty(0, np.int64)]
        for batch in lake.read_batches(split.paths["documents"], ["text"]):
            found = repeated_lines.find_units(batch["text"], self.config.characters)
            keys.append(repeated_lines.unit_keys(found, scopes[row : row + len(batch)]))
            texts.append(found.texts + row)
            row += len(batch)
        rows = np.concatenate(texts)
        counted = repeated_lines.count_units(np.concatenate(keys), scopes[rows], ranks[rows])
        first = np.argsort(ranks)[counted.first]
        columns = [counted.keys, counted.documents, counted.scopes, first]
        file = part.scratch / "units.parquet"
        _write(file, pa.table(columns, schema=UNITS))
        part.put(file, f"units/{part.name}.parquet", len(first))


def _write(path: Path, rows: pa.Table) -> None:
    with parquet_writer(path, rows.schema) as writer:
        if rows.num_rows:  # a row group of nothing has no bounds to be found by
            writer.write_table(rows, row_group_size=GROUP)


def scope_keys(hosts: pa.ChunkedArray, config: LineConfig) -> np.ndarray:
    """(T,) uint64: documents of one number are counted together."""
    if config.scope == "crawl":
        return np.zeros(len(hosts), np.uint64)
    return repeated_lines.hash_texts(pc.fill_null(hosts, ""))


def _ranks(places: pa.Table) -> np.ndarray:
    """(T,) int64: the place of each document in the order of files and offsets."""
    order = pc.sort_indices(places, [("warc_file", "ascending"), ("warc_offset", "ascending")]).to_numpy()
    ranks = np.empty(len(order), np.int64)
    ranks[order] = np.arange(len(order))
    return ranks


class Gather(Work):
    """Which lines and spans repeat, of all parts together. Held in memory are a document's place (about 100 bytes) and,
    for spans, up to SpanConfig.max_words words."""

    schemas = {}

    def __init__(self, config: TrimConfig, splits: Sequence[FileSplit], folder: str) -> None:
        self.config, self.splits, self.folder = config, splits, folder

    def process(self, lake: Lake, split: FileSplit, part: Part) -> None:
        tables = [lake.read_table(split.paths["documents"], PLACE) for split in self.splits]
        places = pa.concat_tables(tables)
        starts = np.cumsum([0, *(table.num_rows for table in tables)])
        ranks = _ranks(places)
        if self.config.lines is not None:
            self._lines(lake, places, starts, ranks, self.config.lines, part)
        if self.config.spans is not None:
            self._spans(lake, places["doc_id"], starts, ranks, self.config.spans, part)

    def _lines(
        self, lake: Lake, places: pa.Table, starts: np.ndarray, ranks: np.ndarray, config: LineConfig, part: Part
    ) -> None:
        paths = [f"{self.folder}/units/{split.name}.parquet" for split in self.splits]
        frequent = _frequent(lake, paths, starts, scope_keys(places["host"], config), ranks, config)
        keepers = places["doc_id"].take(pa.array(np.argsort(ranks)[frequent.first]))
        columns = [pa.array(frequent.keys), pa.array(frequent.documents), keepers.combine_chunks()]
        self._put(part, "lines/lines.parquet", pa.table(columns, schema=LINES))
        part.figure("lines", len(frequent.keys))

    def _spans(
        self,
        lake: Lake,
        doc_ids: pa.ChunkedArray,
        starts: np.ndarray,
        ranks: np.ndarray,
        config: SpanConfig,
        part: Part,
    ) -> None:
        ids, offsets = _words(lake, self.splits, config)
        spans = repeated_spans.find_repeated_spans(ids, offsets, ranks, config)
        edges = np.searchsorted(spans.documents, starts)
        for split, start, low, high in zip(self.splits, starts[:-1], edges[:-1], edges[1:], strict=True):
            numbers = (spans.documents - start, spans.starts, spans.stops, spans.holders)
            keepers = doc_ids.take(pa.array(spans.keepers[low:high])).combine_chunks()
            table = pa.table([*(pa.array(column[low:high]) for column in numbers), keepers], schema=SPANS)
            self._put(part, f"spans/{split.name}.parquet", table)
        part.figure("words", len(ids))
        part.figure("spans", len(spans.starts))

    def _put(self, part: Part, path: str, rows: pa.Table) -> None:
        file = part.scratch / path.replace("/", "-")
        _write(file, rows)
        part.put(file, path, rows.num_rows)


def _frequent(
    lake: Lake, paths: Sequence[str], starts: np.ndarray, scopes: np.ndarray, ranks: np.ndarray, config: LineConfig
) -> UnitCounts:
    """The lines and paragraphs that enough documents hold; `first` is a rank. A range of keys at a time: as keys are
    hashes, the ranges have about as many rows each."""
    numbers, documents = np.unique(scopes, return_counts=True)
    least = config.required_documents(documents)
    total = 0
    for path in paths:
        with lake.open_parquet(path) as file:
            total += file.metadata.num_rows
    slices = -(-max(1, total) // COUNTS_HELD)
    found = []
    for number in range(slices):
        low, high = (number << 64) // slices, ((number + 1) << 64) // slices
        parts = []
        for path, start in zip(paths, starts, strict=False):
            table = lake.read_between(path, "key", low, high - 1, UNITS.names)
            key, count, scope, first = (table[name].to_numpy() for name in UNITS.names)
            parts.append(UnitCounts(keys=key, documents=count, scopes=scope, first=ranks[first + start]))
        merged = repeated_lines.merge_counts(_joined(parts))
        enough = merged.documents >= least[np.searchsorted(numbers, merged.scopes)]
        found.append(
            UnitCounts(
                keys=merged.keys[enough],
                documents=merged.documents[enough],
                scopes=merged.scopes[enough],
                first=merged.first[enough],
            )
        )
    return _joined(found)


def _joined(parts: Sequence[UnitCounts]) -> UnitCounts:
    empty = UnitCounts(
        keys=np.empty(0, np.uint64),
        documents=np.empty(0, np.int64),
        scopes=np.empty(0, np.uint64),
        first=np.empty(0, np.int64),
    )
    columns = {name: np.concatenate([vars(part)[name] for part in (empty, *parts)]) for name in vars(empty)}
    return UnitCounts(**columns)


def _words(lake: Lake, splits: Sequence[FileSplit], config: SpanConfig) -> tuple[np.ndarray, np.ndarray]:
    """The words of all documents by number, and where each document's begin."""
    offsets = [np.zeros(1, np.int64)]

    def hashes() -> Iterator[np.ndarray]:
        words = 0
        for split in splits:
            for batch in lake.read_batches(split.paths["documents"], ["text"]):
                stream = find_words(batch["text"])
                offsets.append(stream.offsets[1:] + words)
                words += len(stream.hashes)
                if words > config.max_words:
                    raise StageError(
                        f"the crawl has more than {config.max_words:,} words, and a suffix array takes up to "
                        f"{repeated_spans.BYTES_A_WORD} bytes a word: divide the crawl, trim it without spans, or "
                        f"raise SpanConfig.max_words on a machine with the memory for it"
                    )
                yield stream.hashes.copy()  # what it was cut from has room for many more

    ids = repeated_spans.number_words(hashes())
    return ids, np.concatenate(offsets)

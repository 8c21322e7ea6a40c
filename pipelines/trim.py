"""Trim: clean -> repeats -> trimmed. An optional step of a recipe: text that repeats across documents is cut out.

repeats    what a crawl repeats: lines and paragraphs by their hash, counted split by split and then together; spans of
           words by document
trimmed    the documents without it, `cuts` with each cut's keeper, and the ledger of those of which no word is left
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from corpus import repeated_lines, repeated_spans
from corpus.cuts import REPEATED_LINE, REPEATED_PARAGRAPH, REPEATED_SPAN, Cut, cut, with_closing
from corpus.lake import Lake
from corpus.manifest import FileEntry, Manifest
from corpus.repeated_lines import LINE, Counted, LineConfig
from corpus.repeated_spans import SpanConfig
from corpus.schema import DOC_ID, DROPPED, LEDGER, ORIGIN, ledger_row, parquet_writer
from corpus.text import WORD
from corpus.words import word_stream
from pipelines.clean import CLEAN
from pipelines.engine import Engine
from pipelines.parts import FileSplit, Part, StageError, Work, file_splits
from pipelines.stage import Outcome, Plan, Stage, compute, each_split

REPEATS_STAGE, STAGE = "repeats", "trimmed"
VERSION = 1
ONLY_REPEATED_TEXT = "only_repeated_text"
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


@dataclass(frozen=True, kw_only=True)
class TrimConfig:
    """What is cut out: repeated lines and paragraphs, repeated spans, or both; None for neither of the two."""

    lines: LineConfig | None = None
    spans: SpanConfig | None = None

    def __post_init__(self) -> None:
        if self.lines is None and self.spans is None:
            raise ValueError("nothing to cut out: give lines, spans, or no TrimConfig at all")


# repeats ------------------------------------------------------------------------------------------------------------


def find_repeats(lake: Lake, clean: Manifest, config: TrimConfig, engine: Engine) -> Outcome:
    """Publishes what is repeated in a crawl: `lines` and `spans`. Raises StageError when its words are too many for a
    suffix array."""
    stage = Stage(
        name=REPEATS_STAGE,
        partition=clean.partition,
        version=VERSION,
        config=config,
        inputs={clean.name: clean.digest},
    )
    splits = file_splits(lake, {"documents": [clean]})

    def plan() -> Plan:
        dealt = each_split(lake, stage, splits, Count(config.lines), [clean])
        return Plan(
            splits=dealt.splits,
            transform=dealt.transform,
            parts=dealt.parts,
            records=dealt.records,
            finish=lambda _rows, folder: _decide(lake, folder, splits, config),
        )

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
        scopes, ranks, row = _scopes(places["host"], self.config), _ranks(places), 0
        keys, texts = [np.empty(0, np.uint64)], [np.empty(0, np.int64)]
        for batch in lake.read_batches(split.paths["documents"], ["text"]):
            found = repeated_lines.units(batch["text"], self.config.characters)
            keys.append(repeated_lines.keys(found, scopes[row : row + len(batch)]))
            texts.append(found.texts + row)
            row += len(batch)
        rows = np.concatenate(texts)
        counted = repeated_lines.count(np.concatenate(keys), scopes[rows], ranks[rows])
        first = np.argsort(ranks)[counted.first]
        columns = [counted.keys, counted.documents, counted.scopes, first]
        file = part.scratch / "units.parquet"
        _write(file, pa.table(columns, schema=UNITS))
        part.put(file, f"units/{part.name}.parquet", len(first))


def _write(path: Path, rows: pa.Table) -> None:
    with parquet_writer(path, rows.schema) as writer:
        if rows.num_rows:  # a row group of nothing has no bounds to be found by
            writer.write_table(rows, row_group_size=GROUP)


def _put(lake: Lake, folder: str, path: str, rows: pa.Table) -> FileEntry:
    with lake.scratch() as scratch:
        _write(scratch / "rows.parquet", rows)
        return lake.put(scratch / "rows.parquet", folder, path, rows.num_rows)


def _scopes(hosts: pa.ChunkedArray, config: LineConfig) -> np.ndarray:
    """(T,) uint64: documents of one number are counted together."""
    if config.scope == repeated_lines.CRAWL:
        return np.zeros(len(hosts), np.uint64)
    return repeated_lines.text_hashes(pc.fill_null(hosts, ""))


def _ranks(places: pa.Table) -> np.ndarray:
    """(T,) int64: the place of each document in the order of files and offsets."""
    order = pc.sort_indices(places, [("warc_file", "ascending"), ("warc_offset", "ascending")]).to_numpy()
    ranks = np.empty(len(order), np.int64)
    ranks[order] = np.arange(len(order))
    return ranks


def _decide(
    lake: Lake, folder: str, splits: Sequence[FileSplit], config: TrimConfig
) -> tuple[list[FileEntry], dict[str, Any]]:
    tables = [lake.read_table(split.paths["documents"], PLACE) for split in splits]
    places = pa.concat_tables(tables)
    starts = np.cumsum([0, *(table.num_rows for table in tables)])
    ranks = _ranks(places)
    files: list[FileEntry] = []
    figures = {}
    if config.lines is not None:
        paths = [f"{folder}/units/{split.name}.parquet" for split in splits]
        scopes = _scopes(places["host"], config.lines)
        found = _frequent(lake, paths, starts, scopes, ranks, config.lines)
        keepers = places["doc_id"].take(pa.array(np.argsort(ranks)[found.first]))
        columns = [pa.array(found.keys), pa.array(found.documents), keepers.combine_chunks()]
        files.append(_put(lake, folder, "lines/lines.parquet", pa.table(columns, schema=LINES)))
        figures["lines"] = len(found.keys)
    if config.spans is not None:
        ids, offsets = _words(lake, splits, config.spans)
        spans = repeated_spans.repeated_spans(ids, offsets, ranks, config.spans)
        edges = np.searchsorted(spans.documents, starts)
        for split, start, low, high in zip(splits, starts[:-1], edges[:-1], edges[1:], strict=True):
            numbers = (spans.documents - start, spans.starts, spans.stops, spans.holders)
            keepers = places["doc_id"].take(pa.array(spans.keepers[low:high])).combine_chunks()
            table = pa.table([*(pa.array(column[low:high]) for column in numbers), keepers], schema=SPANS)
            files.append(_put(lake, folder, f"spans/{split.name}.parquet", table))
        figures |= {"words": len(ids), "spans": len(spans.starts)}
    return files, figures


def _frequent(
    lake: Lake, paths: Sequence[str], starts: np.ndarray, scopes: np.ndarray, ranks: np.ndarray, config: LineConfig
) -> Counted:
    """The lines and paragraphs that enough documents hold; `first` is a rank. A range of keys at a time: as keys are
    hashes, the ranges have about as many rows each."""
    numbers, documents = np.unique(scopes, return_counts=True)
    least = config.least(documents)
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
            for table in _between(lake, path, low, high):
                key, count, scope, first = (table[name].to_numpy() for name in UNITS.names)
                parts.append(Counted(keys=key, documents=count, scopes=scope, first=ranks[first + start]))
        merged = repeated_lines.merge(_joined(parts))
        enough = merged.documents >= least[np.searchsorted(numbers, merged.scopes)]
        found.append(
            Counted(
                keys=merged.keys[enough],
                documents=merged.documents[enough],
                scopes=merged.scopes[enough],
                first=merged.first[enough],
            )
        )
    return _joined(found)


def _between(lake: Lake, path: str, low: int, high: int) -> Iterator[pa.Table]:
    """The rows of a file ordered by key whose key is at least `low` and below `high`."""
    with lake.open_parquet(path) as file:
        for group in range(file.num_row_groups):
            bounds = file.metadata.row_group(group).column(0).statistics
            if bounds.max >= low and bounds.min < high:
                table = file.read_row_group(group)
                keys = table["key"].to_numpy()
                first = np.searchsorted(keys, np.uint64(low))
                last = np.searchsorted(keys, np.uint64(high - 1), side="right")
                yield table.slice(first, last - first)


def _joined(parts: Sequence[Counted]) -> Counted:
    empty = Counted(
        keys=np.empty(0, np.uint64),
        documents=np.empty(0, np.int64),
        scopes=np.empty(0, np.uint64),
        first=np.empty(0, np.int64),
    )
    columns = {name: np.concatenate([vars(part)[name] for part in (empty, *parts)]) for name in vars(empty)}
    return Counted(**columns)


def _words(lake: Lake, splits: Sequence[FileSplit], config: SpanConfig) -> tuple[np.ndarray, np.ndarray]:
    """The words of all documents by number, and where each document's begin."""
    offsets = [np.zeros(1, np.int64)]

    def hashes() -> Iterator[np.ndarray]:
        words = 0
        for split in splits:
            for batch in lake.read_batches(split.paths["documents"], ["text"]):
                stream = word_stream(batch["text"])
                offsets.append(stream.offsets[1:] + words)
                words += len(stream.hashes)
                if words > config.most_words:
                    raise StageError(
                        f"the crawl has more than {config.most_words:,} words, and a suffix array takes up to "
                        f"{repeated_spans.BYTES_A_WORD} bytes a word: divide the crawl, trim it without spans, or "
                        f"raise SpanConfig.most_words on a machine with the memory for it"
                    )
                yield stream.hashes.copy()  # what it was cut from has room for many more

    ids = repeated_spans.word_ids(hashes())
    return ids, np.concatenate(offsets)


# trimmed ------------------------------------------------------------------------------------------------------------


def trim(lake: Lake, clean: Manifest, config: TrimConfig, engine: Engine) -> Outcome:
    """Publishes a crawl's documents without what is repeated in it. Raises StageError as `find_repeats`."""
    repeats = find_repeats(lake, clean, config, engine).manifest
    stage = Stage(
        name=STAGE,
        partition=clean.partition,
        version=VERSION,
        config=config,
        inputs={clean.name: clean.digest, repeats.name: repeats.digest},
    )
    splits = file_splits(lake, {"documents": [clean], "spans": [repeats]})
    return compute(lake, stage, engine, lambda: each_split(lake, stage, splits, Trim(config, repeats), [clean]))


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
            scopes = _scopes(lake.read_table(split.paths["documents"], ["host"])["host"], self.config.lines)
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
        found = repeated_lines.units(batch["text"], config.characters)
        keys = repeated_lines.keys(found, scopes)
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
    starts, stops, offsets = repeated_spans.word_places(texts)
    for number, span in zip(numbers, spans.to_pylist(), strict=True):
        start, last = int(starts[offsets[number] + span["start"]]), int(stops[offsets[number] + span["stop"] - 1])
        stop = with_closing(texts[number].as_py(), last)
        rest = {"keeper": span["keeper"], "documents": span["documents"]}
        cuts[rows[number]].append(Cut(start=start, stop=stop, kind=REPEATED_SPAN, **rest))


def _apply(batch: pa.RecordBatch, cuts: Sequence[Sequence[Cut]], part: Part) -> None:
    texts, doc_ids = batch["text"].to_pylist(), batch["doc_id"].to_pylist()
    lost = []
    for row, found in enumerate(cuts):
        if not found:
            continue
        texts[row], made = cut(texts[row], found)
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
    kept = pa.table([columns[name] for name in CLEAN.names], schema=CLEAN).take(left)
    part.keep_table("documents", kept)
    for code, times in Counter(kept["language"].to_pylist()).items():
        part.figure(f"language:{code}", times)
    part.figure("text_bytes", pc.sum(pc.binary_length(kept["text"])).as_py() or 0)

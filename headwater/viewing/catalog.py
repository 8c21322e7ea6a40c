"""Catalog: a row for every record of a lake, with what a person looks for: host, language, what became of it, and why.

Read once, of each file the few columns that decide, and kept in memory: about 150 bytes a record, most of them its URL.
A question is answered from arrays of numbers; files are opened for the texts that are shown.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from corpus.lake.manifest import FileEntry, Manifest
from corpus.lake.schema import LEDGER
from corpus.lake.stages import DOCUMENTS, MEASURES, SPLIT, STAGES, UNIQUE
from corpus.lake.store import Lake
from corpus.lineage.records import Records

KEPT, DUPLICATE, NO_DOCUMENT = "kept", "duplicate", "no document"
OUTCOME_OF_STAGE = {DOCUMENTS: NO_DOCUMENT, UNIQUE: DUPLICATE}  # of another one its name
NONE = -1
LANGUAGE = pa.field("language", pa.string())
FIELDS = {field.name: field for field in (*LEDGER, LANGUAGE)}


@dataclass(frozen=True)
class Category:
    """A column of few values: row r has `names[codes[r]]`, or none where the code is NONE."""

    names: tuple[str, ...]
    codes: np.ndarray

    def __getitem__(self, row: int) -> str | None:
        code = int(self.codes[row])
        return None if code == NONE else self.names[code]

    def counts(self) -> dict[str, int]:
        """Rows by name, most first."""
        found = np.bincount(self.codes[self.codes != NONE], minlength=len(self.names)).tolist()
        return dict(sorted(zip(self.names, found, strict=True), key=lambda pair: (-pair[1], pair[0])))

    def among(self, names: Sequence[str]) -> np.ndarray:
        """(rows,) bool: whether a row has one of these."""
        wanted = set(names)
        return np.isin(self.codes, [code for code, name in enumerate(self.names) if name in wanted])


@dataclass(frozen=True, kw_only=True)
class DocumentFile:
    """A file of documents, of which the first has the number `first` among those of all files."""

    manifest: Manifest
    entry: FileEntry
    first: int


@dataclass(frozen=True, kw_only=True)
class Catalog:
    """The records in the order of their ids, which are hashes: whatever is chosen stands in no order of its own.

    `outcome`: train or heldout; `kept` where the lake has not split its documents; `duplicate`; `no document`; or the
    stage that dropped it. `reason`: of the first stage that did. `rules`: each rule, and each reason, -> the rows that
    it says something of. `keepers`: the row of the document that stays in its place, NONE where there is none.
    `files`: those of documents; `numbers`: a row's document among those of all files, NONE for a record that became
    none; `rows`: the row of each of these numbers.
    """

    doc_ids: pa.FixedSizeBinaryArray
    urls: pa.StringArray
    host: Category
    language: Category
    outcome: Category
    reason: Category
    rules: Mapping[str, np.ndarray]
    keepers: np.ndarray
    files: Sequence[DocumentFile]
    numbers: np.ndarray
    rows: np.ndarray

    def __len__(self) -> int:
        return len(self.doc_ids)

    def find(self, doc_id: bytes) -> int | None:
        row = bisect_left(range(len(self)), doc_id, key=lambda place: self.doc_ids[place].as_py())
        return row if row < len(self) and self.doc_ids[row].as_py() == doc_id else None

    def file_of(self, row: int) -> tuple[DocumentFile, int] | None:
        """The file that a document is in, and its row there; None for a record that became no document."""
        number = int(self.numbers[row])
        if number == NONE:
            return None
        file = self.files[int(np.searchsorted([file.first for file in self.files], number, side="right")) - 1]
        return file, number - file.first


def read_catalog(lake: Lake, records: Records) -> Catalog:
    """`records`: those of the lake, whose columns stay in memory. Raises FileNotFoundError where the lake has none,
    OSError naming a file that cannot be read."""
    if not len(records):
        raise FileNotFoundError(f"the lake {lake.url} has no documents yet: `headwater demo` makes some")
    table = pa.table([_joined(records.column(name)) for name in ("doc_id", "url", "host")], ["doc_id", "url", "host"])
    numbers, files = _number_documents(records)
    order = pc.sort_indices(table["doc_id"]).to_numpy()
    ordered = table["doc_id"].take(pa.array(order)).combine_chunks()
    is_first = np.ones(len(order), np.bool_)  # a record may stand in several datasets
    is_first[1:] = pc.not_equal(ordered[1:], ordered[:-1]).to_numpy(zero_copy_only=False)
    row_of = np.empty(len(order), np.int64)
    row_of[order] = np.cumsum(is_first) - 1
    chosen = order[is_first]
    table, doc_ids = table.take(pa.array(chosen)), ordered.filter(pa.array(is_first))
    lost = _find_lost(lake, doc_ids)
    return Catalog(
        doc_ids=doc_ids,
        urls=table["url"].combine_chunks(),
        host=_category(table["host"]),
        language=_category(_look_up(doc_ids, _read(lake, MEASURES, "measures", ["doc_id", "language"]), "language")),
        outcome=_category(_outcomes(lake, doc_ids, lost["stage"])),
        reason=_category(lost["reason"]),
        rules=_find_rules(lake, doc_ids),
        keepers=_places(doc_ids, lost["keeper"]),
        files=files,
        numbers=numbers[chosen],
        rows=row_of[numbers != NONE],
    )


def _number_documents(records: Records) -> tuple[np.ndarray, list[DocumentFile]]:
    """Of each record its document's number, as Catalog has it, and the files of documents."""
    files, numbers, count = [], [], 0
    for manifest, entry in records.files:
        if entry.kind == "ledger":
            numbers.append(np.full(entry.rows, NONE))
        else:
            files.append(DocumentFile(manifest=manifest, entry=entry, first=count))
            numbers.append(np.arange(count, count + entry.rows))
            count += entry.rows
    return np.concatenate(numbers), files


def _find_lost(lake: Lake, doc_ids: pa.Array) -> dict[str, pa.Array]:
    """Of each record the stage that dropped it first, its reason, and the document that stays in its place."""
    lost = {name: pa.nulls(len(doc_ids), FIELDS[name].type) for name in ("stage", "reason", "keeper")}
    for stage in STAGES:
        ledger = _read(lake, stage, "ledger", ["doc_id", *lost])
        if ledger.num_rows:
            still = pc.is_null(lost["stage"])
            found = {name: _look_up(doc_ids, ledger, name) for name in lost}
            lost = {name: pc.if_else(still, found[name], lost[name]) for name in lost}
    return lost


def _outcomes(lake: Lake, doc_ids: pa.Array, stages: pa.Array) -> pa.Array:
    outcome = stages
    for stage, name in OUTCOME_OF_STAGE.items():
        outcome = pc.if_else(pc.fill_null(pc.equal(stages, stage), False), name, outcome)
    for kind in STAGES[SPLIT].documents_in:
        there = pc.is_in(doc_ids, value_set=_read(lake, SPLIT, kind, ["doc_id"])["doc_id"].combine_chunks())
        outcome = pc.if_else(pc.and_(pc.is_null(outcome), there), kind, outcome)
    return pc.fill_null(outcome, KEPT)


def _find_rules(lake: Lake, doc_ids: pa.Array) -> dict[str, np.ndarray]:
    parts: dict[str, list[np.ndarray]] = {}
    for stage in STAGES:
        ledger = _read(lake, stage, "ledger", ["doc_id", "reason", "rules"])
        rows, rules = _places(doc_ids, ledger["doc_id"]), ledger["rules"].combine_chunks()
        broken = pc.struct_field(pc.list_flatten(rules), "rule")
        for names, owners in ((ledger["reason"], rows), (broken, rows[pc.list_parent_indices(rules).to_numpy()])):
            category = _category(names)
            for code, name in enumerate(category.names):
                parts.setdefault(name, []).append(owners[category.codes == code])
    found = {name: np.unique(np.concatenate(some)) for name, some in parts.items()}
    return {name: rows[rows != NONE] for name, rows in found.items()}


def _read(lake: Lake, stage: str, kind: str, columns: Sequence[str]) -> pa.Table:
    """These columns of the files of one kind, of all datasets of a stage."""
    schema = pa.schema([FIELDS[name] for name in columns])
    tables: Iterator[pa.Table] = (
        lake.read_file(manifest, entry, list(columns)).cast(schema)
        for manifest in lake.datasets(stage)
        for entry in manifest.of_kind(kind)
    )
    return pa.concat_tables([schema.empty_table(), *tables])


def _joined(columns: Sequence[pa.ChunkedArray]) -> pa.ChunkedArray:
    return pa.chunked_array([chunk for column in columns for chunk in column.chunks], columns[0].type)


def _look_up(doc_ids: pa.Array, table: pa.Table, name: str) -> pa.Array:
    """A column of a table, of the rows with these ids; null where it has no such row."""
    found = pc.index_in(doc_ids, value_set=table["doc_id"].combine_chunks())
    return pc.take(table[name].combine_chunks(), found)


def _places(doc_ids: pa.Array, wanted: pa.Array | pa.ChunkedArray) -> np.ndarray:
    """The rows of these ids, NONE for one that is not there."""
    return np.asarray(pc.fill_null(pc.index_in(wanted, value_set=doc_ids), NONE).to_numpy(), np.int64)


def _category(column: pa.Array | pa.ChunkedArray) -> Category:
    array = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    encoded = array.dictionary_encode()
    return Category(tuple(encoded.dictionary.to_pylist()), pc.fill_null(encoded.indices, NONE).to_numpy())

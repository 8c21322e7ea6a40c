"""Records: every record that was ever read, and what became of it in every dataset that it came to.

There is no index: of each file only the column that decides is read whole (16 bytes a document for its id), and of the
others the row groups that hold a record in question.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from pathlib import PurePosixPath
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from corpus.lake.manifest import FileEntry, Manifest
from corpus.lake.parquet import find_places
from corpus.lake.schema import DOC_ID, LEDGER, ORIGIN
from corpus.lake.stages import DOCUMENT_STAGES, DOCUMENTS, STAGES
from corpus.lake.store import Lake
from corpus.lineage.graph import document_sources

HOST = r"^[A-Za-z][A-Za-z0-9+.-]*://(?:[^/?#]*@)?(?P<host>\[[^\]]*\]|[^/?#:]*)"
COLUMNS = [field.name for field in ORIGIN]
ACCOUNT = [field.name for field in LEDGER if field.name not in ("stage", "outcome")]


@dataclass(frozen=True, kw_only=True)
class Fate:
    """What one dataset says of a document: `outcome` is the kind of file that it is in, or why it is in none. `row`:
    the columns of ORIGIN, for a document of the first stage its payload_digest too, for one that was removed those of
    LEDGER. `part`: the name of the file, without folder and ending."""

    manifest: Manifest
    outcome: str
    row: Mapping[str, Any]
    part: str

    @property
    def removed(self) -> bool:
        return "reason" in self.row


class Records:
    """All records that were ever read: those of which a document was made, and those of the ledger. Columns that were
    read stay in memory."""

    def __init__(self, lake: Lake) -> None:
        self.lake = lake
        self.files = [(made, entry) for made in lake.datasets(DOCUMENTS) for entry in _accounts(made)]
        self._columns: dict[str, list[pa.ChunkedArray]] = {}

    def __len__(self) -> int:
        return sum(entry.rows for _, entry in self.files)

    def column(self, name: str) -> list[pa.ChunkedArray]:
        """A column of all records, file by file. A record that became no document has no host of its own: then that of
        its URL."""
        if name not in self._columns:
            with ThreadPoolExecutor(os.cpu_count()) as pool:
                self._columns[name] = list(pool.map(lambda file: self._read(file[0], file[1], name), self.files))
        return self._columns[name]

    @cached_property
    def hosts(self) -> list[str]:
        """Those of all records, each once."""
        hosts = [chunk for column in self.column("host") for chunk in column.chunks]
        return sorted(host for host in pc.unique(pa.chunked_array(hosts, pa.string())).to_pylist() if host)

    def _read(self, manifest: Manifest, entry: FileEntry, name: str) -> pa.ChunkedArray:
        found = self.lake.read_file(manifest, entry, [name])[name]
        if name == "host" and found.null_count:
            urls = self.lake.read_file(manifest, entry, ["url"])["url"]
            in_urls = pc.utf8_lower(pc.struct_field(pc.extract_regex(urls, HOST), "host"))
            return pc.coalesce(found, pc.utf8_trim(in_urls, "[]"))
        return found

    def select(
        self, name: str, values: Sequence[Any], columns: Sequence[str] | None = None
    ) -> Iterator[tuple[Manifest, FileEntry, pa.Table]]:
        """The records whose `name`, a column of ORIGIN, is one of `values`, file by file: those of `columns` that the
        file has, by default those of a Fate."""
        found = []
        for (manifest, entry), column in zip(self.files, self.column(name), strict=True):
            places = find_places(column, pa.array(values, column.type))
            if len(places):
                found.append((manifest, entry, places))

        def read(file: tuple[Manifest, FileEntry, np.ndarray]) -> tuple[Manifest, FileEntry, pa.Table]:
            manifest, entry, places = file
            path = f"{self.lake.folder(manifest)}/{entry.path}"
            return manifest, entry, self.lake.read_places(path, places, list(columns or _wanted(entry)))

        with ThreadPoolExecutor(os.cpu_count()) as pool:
            yield from pool.map(read, found)

    def find(self, name: str, values: Sequence[Any]) -> list[Fate]:
        """What the datasets of documents say of the records whose `name`, a column of ORIGIN, is one of `values`."""
        found = (_fates(manifest, entry, rows) for manifest, entry, rows in self.select(name, values))
        return [fate for some in found for fate in some]


def fates(lake: Lake, arrivals: Sequence[Fate]) -> Iterator[Fate]:
    """What became of one document, stage after stage, in every dataset of the lake that it came to. `arrivals`: what
    the datasets of documents say of it."""
    yield from arrivals
    kept = {fate.manifest.address for fate in arrivals if not fate.removed}
    part = arrivals[0].part
    for stage in DOCUMENT_STAGES[1:]:
        for manifest in lake.datasets(stage):
            if _may_hold(lake, manifest, kept):
                for fate in _find(lake, manifest, arrivals[0].row["doc_id"], part):
                    part = fate.part
                    if not fate.removed:
                        kept.add(fate.manifest.address)
                    yield fate


def cuts(lake: Lake, fate: Fate) -> list[dict[str, Any]]:
    """What a dataset of the stage trimmed took out of a document: rows of its `cuts`, in their order in the text."""
    wanted = pa.array([fate.row["doc_id"]], DOC_ID)
    columns = ["start", "stop", "kind", "documents", "keeper"]
    entries = [entry for entry in fate.manifest.of_kind("cuts") if _part(entry) == fate.part]  # beside its document
    tables = [
        lake.read_where(f"{lake.folder(fate.manifest)}/{entry.path}", "doc_id", wanted, columns) for entry in entries
    ]
    return [row for table in tables for row in table.to_pylist()]


def _may_hold(lake: Lake, manifest: Manifest, kept: set[str]) -> bool:
    """Whether a document that these datasets kept, and no others before this one, can have come to it."""
    try:
        earlier = document_sources(lake, manifest)
    except FileNotFoundError:  # what it was made of is gone
        return True
    return not earlier or any(source.address in kept for source in earlier)


def _find(lake: Lake, manifest: Manifest, doc_id: bytes, part: str) -> list[Fate]:
    """A dataset has a document once. Most stages give a part the name of that which it was made of, with a crawl's name
    before it where crawls come together, so files of that name come first."""
    for entry in sorted(_accounts(manifest), key=lambda entry: not _part(entry).endswith(part)):
        path = f"{lake.folder(manifest)}/{entry.path}"
        rows = lake.read_where(path, "doc_id", pa.array([doc_id], DOC_ID), _wanted(entry))
        if rows.num_rows:
            return _fates(manifest, entry, rows)
    return []


def _accounts(manifest: Manifest) -> Iterable[FileEntry]:
    """The files of all documents that came to a dataset. What a stage keeps without its origin, as tokens, is where it
    was read from."""
    kinds = sorted({"ledger", *STAGES[manifest.stage].documents_in})
    return (entry for kind in kinds for entry in manifest.of_kind(kind))


def _wanted(entry: FileEntry) -> list[str]:
    return ACCOUNT if entry.kind == "ledger" else [*COLUMNS, "payload_digest"]


def _fates(manifest: Manifest, entry: FileEntry, rows: pa.Table) -> list[Fate]:
    return [
        Fate(
            manifest=manifest,
            outcome=row["reason"] if entry.kind == "ledger" else entry.kind,
            row=row,
            part=_part(entry),
        )
        for row in rows.to_pylist()
    ]


def _part(entry: FileEntry) -> str:
    return PurePosixPath(entry.path).stem

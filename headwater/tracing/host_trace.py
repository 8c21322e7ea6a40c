"""Host trace: how many pages of a host were read, what became of them at every stage, and how many of its documents
stand in the training shards and were read in training."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from corpus.audit.outcomes import most_first
from corpus.audit.samples import smallest
from corpus.lake.manifest import Manifest
from corpus.lake.schema import DOC_ID, LEDGER
from corpus.lake.stages import DOCUMENT_STAGES, DOCUMENTS, SHARDS, STAGES
from corpus.lake.store import Lake
from corpus.lineage.graph import document_sources
from corpus.lineage.records import Records
from corpus.shards.format import OtherVersionError
from headwater.tracing.page_search import find_host
from headwater.tracing.readings import CLAIM, OTHER_VERSION, Readers, open_shards

PAGE = ["doc_id", "url"]
LOST = [*PAGE, "reason"]
MAX_KEPT = 3  # pages that came through all stages, and one for each reason


@dataclass(frozen=True, kw_only=True)
class HostOutcome:
    """What one dataset did with the records of the host: how many it `kept`, and `dropped` by reason."""

    stage: str
    partition: str
    address: str
    kept: int
    dropped: Mapping[str, int]


@dataclass(frozen=True, kw_only=True)
class HostReading:
    """In how many of its `total_steps` steps a checkpoint read a document of the host."""

    checkpoint: str
    total_steps: int
    steps: int


@dataclass(frozen=True, kw_only=True)
class HostShards:
    """How many `documents` of the host stand in the training shards of a dataset, of `training_documents` in all, and
    how many `tokens` they have with all copies. `left_out`: how many a mix did not take, by reason. `note`: why nothing
    is known, where the shards cannot be read."""

    address: str
    documents: int = 0
    tokens: int = 0
    training_documents: int = 0
    training_tokens: int = 0
    left_out: Mapping[str, int] = field(default_factory=dict)
    readings: tuple[HostReading, ...] = ()
    note: str | None = None


@dataclass(frozen=True, kw_only=True)
class HostPage:
    """A page of the host, for each reason the one with the smallest id. `stage` and `reason` say where it was dropped,
    both None for one that came through all stages."""

    doc_id: str
    url: str | None
    stage: str | None
    reason: str | None


@dataclass(frozen=True, kw_only=True)
class HostTrace:
    """All records of a host, of which `names` are the spellings in the lake: with and without www."""

    host: str
    names: tuple[str, ...]
    records: int
    stages: tuple[HostOutcome, ...]
    shards: tuple[HostShards, ...]
    pages: tuple[HostPage, ...]
    claim: str = CLAIM


def trace_host(lake: Lake, host: str, records: Records | None = None) -> HostTrace:
    """What became of the pages of a host, given by name or as a URL. `records`: those of the lake, where they were
    looked at already.

    Raises ValueError, with similar hosts, when no page of it was ever read.
    """
    records = records or Records(lake)
    names = find_host(records, host)
    arrivals: dict[str, list[pa.Table]] = {}  # of a dataset of documents: the rows of its files
    for manifest, _, rows in records.select("host", names, LOST):
        arrivals.setdefault(manifest.address, []).append(rows)
    made = _concat(PAGE, [rows for some in arrivals.values() for rows in some if "reason" not in rows.column_names])
    stages, pages, kept, lost = [], [], dict[str, int](), [_concat(["doc_id"], [])]
    for stage in DOCUMENT_STAGES:
        for manifest in lake.datasets(stage):
            if stage == DOCUMENTS:
                some = arrivals.get(manifest.address, [])
                dropped = _concat(LOST, [rows for rows in some if "reason" in rows.column_names])
                kept[manifest.address] = sum(rows.num_rows for rows in some) - dropped.num_rows
            else:
                dropped = _rows(lake, manifest, ["ledger"], names, LOST)
                kept[manifest.address] = _kept(lake, manifest, names, kept, dropped)
            if kept[manifest.address] or dropped.num_rows:
                pages += _pages(dropped, smallest(dropped, 1, ["reason"]), stage)
                lost.append(dropped.select(["doc_id"]))
                stages.append(
                    HostOutcome(
                        stage=stage,
                        partition=manifest.partition,
                        address=manifest.address,
                        kept=kept[manifest.address],
                        dropped=_reasons(dropped),
                    )
                )
    gone = pa.concat_tables(lost, promote_options="default")["doc_id"].combine_chunks()
    through = made.filter(pc.invert(pc.is_in(made["doc_id"], value_set=gone)))
    doc_ids = made["doc_id"].combine_chunks()
    return HostTrace(
        host=host,
        names=tuple(names),
        records=sum(rows.num_rows for some in arrivals.values() for rows in some),
        stages=tuple(stages),
        shards=tuple(_find_in_shards(lake, manifest, names, doc_ids) for manifest in lake.datasets(SHARDS)),
        pages=(*pages, *_pages(through, smallest(through, MAX_KEPT))),
    )


def _kept(lake: Lake, manifest: Manifest, names: Sequence[str], earlier: Mapping[str, int], dropped: pa.Table) -> int:
    """How many documents of the host a dataset kept: all that came to it but those in its ledger, as no dataset is
    published that loses one. Where what it was made of is gone, they are counted."""
    try:
        sources = document_sources(lake, manifest)
    except FileNotFoundError:
        sources = []
    if sources and all(source.address in earlier for source in sources):
        return sum(earlier[source.address] for source in sources) - dropped.num_rows
    return _rows(lake, manifest, STAGES[manifest.stage].documents_in, names, ["host"]).num_rows


def _rows(lake: Lake, manifest: Manifest, kinds: Iterable[str], names: Sequence[str], columns: list[str]) -> pa.Table:
    """These columns of the host's rows, in all files of some kinds."""
    paths = [f"{lake.folder(manifest)}/{entry.path}" for kind in kinds for entry in manifest.of_kind(kind)]
    wanted = pa.array(names, pa.string())
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return _concat(columns, list(pool.map(lambda path: lake.read_where(path, "host", wanted, columns), paths)))


def _concat(columns: list[str], tables: Iterable[pa.Table]) -> pa.Table:
    empty = pa.schema([LEDGER.field(name) for name in columns]).empty_table()
    return pa.concat_tables([empty, *(table.select(columns) for table in tables)], promote_options="default")


def _reasons(dropped: pa.Table) -> dict[str, int]:
    counted = pc.value_counts(dropped["reason"]).to_pylist()
    return most_first({count["values"]: count["counts"] for count in counted})


def _pages(rows: pa.Table, chosen: Sequence[bytes], stage: str | None = None) -> list[HostPage]:
    found = {row["doc_id"]: row for row in rows.filter(pc.is_in(rows["doc_id"], pa.array(chosen, DOC_ID))).to_pylist()}
    pages = [(doc_id, found[doc_id]) for doc_id in chosen]
    return [
        HostPage(doc_id=doc_id.hex(), url=row["url"], stage=stage, reason=row.get("reason")) for doc_id, row in pages
    ]


def _find_in_shards(lake: Lake, manifest: Manifest, names: Sequence[str], doc_ids: pa.Array) -> HostShards:
    left_out = _reasons(_rows(lake, manifest, ["ledger"], names, ["reason"]))
    try:
        shards = open_shards(lake, manifest, "train")
    except OtherVersionError:
        return HostShards(address=manifest.address, left_out=left_out, note=OTHER_VERSION)
    there = pa.FixedSizeBinaryArray.from_buffers(
        DOC_ID, len(shards.document_ids), [None, pa.py_buffer(shards.document_ids)]
    )
    found = np.flatnonzero(pc.is_in(there, value_set=doc_ids).to_numpy(zero_copy_only=False))
    bounds = np.append(shards.document_starts, len(shards))
    firsts, ends = bounds[found], bounds[found + 1]
    return HostShards(
        address=manifest.address,
        documents=len(pc.unique(there.take(pa.array(found)))),
        tokens=int((ends - firsts).sum()),
        training_documents=shards.index.documents,
        training_tokens=shards.index.tokens,
        left_out=left_out,
        readings=tuple(
            HostReading(checkpoint=one.checkpoint, total_steps=one.total_steps, steps=len(one.steps))
            for one in Readers(lake, manifest, shards).readings_of(firsts, ends)
        ),
    )

"""Samples: documents as people look at them: what was kept or dropped, why, where it came from, and its text.

Chosen are those with the smallest ids. An id is a hash, so they are a fair sample, and the same one whatever the order
of the files and the number of workers. Texts are looked up afterwards, of the chosen ones alone.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from corpus.lake.manifest import Manifest
from corpus.lake.schema import DOC_ID, LEDGER, ORIGIN
from corpus.lake.stages import ACCOUNTS, CLEAN, MEASURES, TOKENS, holds_crawl
from corpus.lake.store import Lake
from corpus.lineage.graph import all_document_sources, document_sources, sources

SHOWN = ("title", "text", "language")
TYPES = {field.name: field.type for field in LEDGER} | {"language": pa.string()}
RECORD = ("doc_id", "reason", "language")


@dataclass(frozen=True, kw_only=True)
class Sample:
    """A document of a stage, or a record that did not get that far: `title`, `text` and `language` are None where there
    are none. `reason`: None for what was kept. `rules`: all that failed, each with "rule", "value" and "threshold".
    `keeper`: the document that stays in its place. `raw`: the first bytes of what could not be read."""

    stage: str
    doc_id: bytes
    url: str | None
    warc_file: str
    warc_offset: int
    warc_length: int
    reason: str | None = None
    rules: Sequence[Mapping[str, Any]] = ()
    detail: str | None = None
    similarity: float | None = None
    keeper: Sample | None = None
    title: str | None = None
    text: str | None = None
    language: str | None = None
    raw: bytes | None = None

    @property
    def why(self) -> str:
        return why(vars(self))


def why(row: Mapping[str, Any]) -> str:
    """The reason in a row of the ledger, with what was measured."""
    if row["rules"]:
        return "; ".join(f"{rule['rule']} {rule['value']:.4g} (bound {rule['threshold']:g})" for rule in row["rules"])
    if row["similarity"] is not None:
        return f"{row['reason']} {row['similarity']:.3f}"
    return f"{row['reason']} {row['detail'] or ''}".strip()


def records(lake: Lake, manifest: Manifest) -> pa.Table:
    """RECORD of all that came to a stage: `reason` is null for what it kept, `language` where it is not known."""
    dropped = _read(lake, [manifest], ["ledger"], ["doc_id", "reason"])
    kept = _read(lake, [manifest], _kept_kinds(manifest), ["doc_id", "language"])
    spoken = _read(lake, *_languages(lake, manifest), ["doc_id", "language"])
    found = pc.index_in(dropped["doc_id"], value_set=spoken["doc_id"].combine_chunks())
    dropped = dropped.append_column("language", pc.take(spoken["language"], found))
    nothing = pa.nulls(kept.num_rows, pa.string())
    return pa.concat_tables([kept.add_column(1, "reason", nothing), dropped.select(RECORD)])


def of_crawl(lake: Lake, manifest: Manifest, crawl: str) -> pa.Array:
    """The ids of the documents of one crawl that came to a stage which took several together."""
    found = [
        _read(lake, [source], _kept_kinds(source), ["doc_id"])["doc_id"].combine_chunks()
        if source.partition == crawl
        else of_crawl(lake, source, crawl)
        for source in document_sources(lake, manifest)
        if holds_crawl(source.partition, crawl)
    ]
    return pa.concat_arrays(found) if found else pa.array([], DOC_ID)


def smallest(table: pa.Table, count: int, by: Sequence[str] = ()) -> list[bytes]:
    """The `count` smallest ids of a table with doc_id; with `by`, of each combination of values in these columns."""
    ordered = table.take(pc.sort_indices(table["doc_id"]))
    groups = np.zeros(ordered.num_rows, np.int64)
    for name in by:
        codes = ordered[name].combine_chunks().dictionary_encode("encode")
        groups = groups * len(codes.dictionary) + codes.indices.to_numpy(zero_copy_only=False)
    order = np.argsort(groups, kind="stable")
    starts = np.searchsorted(groups[order], groups[order], side="left")
    first = order[np.arange(len(order)) - starts < count]
    chosen: list[bytes] = ordered["doc_id"].take(pa.array(np.sort(first), pa.int64())).to_pylist()
    return chosen


def kept_samples(lake: Lake, manifest: Manifest, count: int) -> list[Sample]:
    """`count` of what a stage kept."""
    return kept(lake, manifest, smallest(_read(lake, [manifest], _kept_kinds(manifest), ["doc_id"]), count))


def dropped_samples(lake: Lake, manifest: Manifest, count: int) -> list[Sample]:
    """`count` of what a stage dropped for each reason, reason by reason."""
    chosen = smallest(_read(lake, [manifest], ["ledger"], ["doc_id", "reason"]), count, ["reason"])
    return sorted(dropped(lake, manifest, chosen), key=lambda sample: str(sample.reason))


def kept(lake: Lake, manifest: Manifest, doc_ids: Sequence[bytes]) -> list[Sample]:
    """What a stage kept, in the order of `doc_ids`; an id that it did not keep is passed over."""
    columns = [*(field.name for field in ORIGIN), *SHOWN]
    found = look_up(lake, [manifest], _kept_kinds(manifest), doc_ids, columns)
    if manifest.stage == TOKENS and found:  # numbers alone: what they stand for is where they were made of
        earlier = document_sources(lake, manifest)
        found = look_up(lake, earlier, _kept_kinds(*earlier), list(found), columns)
    return [_sample(manifest.stage, found[doc_id]) for doc_id in doc_ids if doc_id in found]


def dropped(lake: Lake, manifest: Manifest, doc_ids: Sequence[bytes]) -> list[Sample]:
    """What a stage did not keep, in the order of `doc_ids`; an id that its ledger does not have is passed over."""
    ledger = look_up(lake, [manifest], ["ledger"], doc_ids, LEDGER.names)
    doc_ids = [doc_id for doc_id in doc_ids if doc_id in ledger]
    raw = look_up(lake, [manifest], ["quarantine"], doc_ids, ["doc_id", "raw"])
    spoken = look_up(lake, *_languages(lake, manifest), doc_ids, ["doc_id", "language"])
    earlier = document_sources(lake, manifest)  # a ledger holds no texts
    texts = look_up(lake, earlier, _kept_kinds(*earlier), doc_ids, ["doc_id", *SHOWN])
    keepers = _keepers(lake, manifest, sorted({row["keeper"] for row in ledger.values() if row["keeper"]}))
    return [
        _sample(
            manifest.stage,
            {**ledger[doc_id], **texts.get(doc_id, {}), **spoken.get(doc_id, {}), **raw.get(doc_id, {})},
            rules=tuple(ledger[doc_id]["rules"] or ()),
            keeper=keepers.get(ledger[doc_id]["keeper"]),
            **{name: ledger[doc_id][name] for name in ("reason", "detail", "similarity")},
        )
        for doc_id in doc_ids
    ]


def _keepers(lake: Lake, manifest: Manifest, doc_ids: Sequence[bytes]) -> dict[bytes, Sample]:
    """Documents that stay, in this dataset or in an earlier crawl that it was compared with."""
    found = {keeper.doc_id: keeper for keeper in kept(lake, manifest, doc_ids)}
    if missing := [doc_id for doc_id in doc_ids if doc_id not in found]:
        elsewhere = all_document_sources(lake, [manifest])
        columns = [*(field.name for field in ORIGIN), *SHOWN]
        rows = look_up(lake, elsewhere, _kept_kinds(*elsewhere), missing, columns)
        found |= {doc_id: _sample(manifest.stage, row) for doc_id, row in rows.items()}
    return found


def _sample(stage: str, row: Mapping[str, Any], **rest: Any) -> Sample:
    names = [field.name for field in ORIGIN if field.name != "host"]
    shown: dict[str, Any] = {name: row.get(name) for name in (*SHOWN, "raw")}
    return Sample(stage=stage, **{name: row[name] for name in names}, **shown, **rest)


def look_up(
    lake: Lake, manifests: Iterable[Manifest], kinds: Collection[str], doc_ids: Sequence[bytes], columns: Sequence[str]
) -> dict[bytes, dict[str, Any]]:
    """The rows with these ids, with those of `columns` that their files have, of which one is doc_id. Reads the ids of
    all rows, and the row groups that hold a wanted one."""
    found: dict[bytes, dict[str, Any]] = {}
    wanted = pa.array(doc_ids, DOC_ID)
    for manifest in manifests:
        for entry in (entry for kind in kinds for entry in manifest.of_kind(kind)):
            if len(found) == len(wanted):
                return found
            rows = lake.read_where(f"{lake.folder(manifest)}/{entry.path}", "doc_id", wanted, columns)
            found |= {row["doc_id"]: row for row in rows.to_pylist()}
    return found


def _kept_kinds(*manifests: Manifest) -> list[str]:
    return sorted({entry.kind for manifest in manifests for entry in manifest.files} - set(ACCOUNTS))


def _languages(lake: Lake, manifest: Manifest) -> tuple[list[Manifest], list[str]]:
    """Where the languages of a stage's dropped documents are: none are known before clean, which measures them."""
    if manifest.stage == CLEAN:
        return sources(lake, manifest, MEASURES), ["measures"]
    earlier = document_sources(lake, manifest)
    return earlier, _kept_kinds(*earlier)


def _read(lake: Lake, manifests: Iterable[Manifest], kinds: Collection[str], columns: Sequence[str]) -> pa.Table:
    """These columns of all files of some kinds; one that a file does not have is null there."""
    schema = pa.schema([(name, TYPES[name]) for name in columns])
    tables = [schema.empty_table()]
    for manifest in manifests:
        for entry in (entry for kind in kinds for entry in manifest.of_kind(kind)):
            with lake.open_parquet(f"{lake.folder(manifest)}/{entry.path}") as file:
                table = file.read([name for name in columns if name in file.schema_arrow.names])
            found = [
                table[field.name] if field.name in table.column_names else pa.nulls(table.num_rows, field.type)
                for field in schema
            ]
            tables.append(pa.Table.from_arrays(found, schema=schema))
    return pa.concat_tables(tables)

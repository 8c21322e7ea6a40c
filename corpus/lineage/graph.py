"""Lineage: what became of a page at every stage, and back from its document to the record that it was made of."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import fsspec
import pyarrow as pa
import pyarrow.compute as pc

from corpus.archive.pages import NotAPage
from corpus.archive.ranges import FileRange
from corpus.lake.manifest import Manifest
from corpus.lake.schema import DOC_ID, ORIGIN
from corpus.lake.store import Lake
from corpus.sources.kinds import recognise

STAGES = ("documents", "clean", "trimmed", "unique", "split", "tokens")
COLUMNS = [field.name for field in ORIGIN]
# The stages whose documents come to a stage; of several, the first that a dataset was made of.
READS = {
    "clean": ("documents",),
    "trimmed": ("clean",),
    "unique": ("trimmed", "clean"),
    "split": ("unique",),
    "tokens": ("split",),
}


@dataclass(frozen=True, kw_only=True)
class Fate:
    """What one dataset says of a document: `outcome` is the kind of file that it is in, or why it is in none."""

    manifest: Manifest
    outcome: str
    row: Mapping[str, Any]


def origins(lake: Lake, what: str) -> list[dict[str, Any]]:
    """The records that a URL or a document id in hex stands for: rows of ORIGIN, one a record.

    Raises ValueError when the lake has never seen it.
    """
    doc_id = _as_doc_id(what)
    column, value = ("url", pa.scalar(what)) if doc_id is None else ("doc_id", pa.scalar(doc_id, DOC_ID))
    found = {row["doc_id"]: dict(row) for fate in _rows(lake, column, value, "documents") for row in [fate.row]}
    if not found:
        raise ValueError(
            f"no dataset of documents in the lake {lake.url} knows {what!r}: give a page's URL or its doc_id"
        )
    return [{name: row[name] for name in COLUMNS} for row in found.values()]


def _as_doc_id(what: str) -> bytes | None:
    try:
        return bytes.fromhex(what) if len(what) == 32 else None
    except ValueError:
        return None


def fates(lake: Lake, doc_id: bytes) -> Iterator[Fate]:
    """What became of a document, stage after stage, in every dataset of the lake that it came to."""
    for stage in STAGES:
        yield from _rows(lake, "doc_id", pa.scalar(doc_id, DOC_ID), stage)


def _rows(lake: Lake, column: str, value: pa.Scalar, stage: str) -> Iterator[Fate]:
    for manifest in lake.datasets(stage):
        kinds = {entry.kind for entry in manifest.files} - {"quarantine", "cuts"}  # of records found elsewhere
        for kind in ["ledger"] if stage == "tokens" else sorted(kinds):  # what it keeps has no origin, and is in split
            wanted = COLUMNS + (["reason", "rules", "keeper", "similarity", "detail"] if kind == "ledger" else [])
            for table in lake.read(manifest, kind, wanted):
                for row in table.filter(pc.equal(table[column], value)).to_pylist():
                    yield Fate(manifest=manifest, outcome=row["reason"] if kind == "ledger" else kind, row=row)


def cuts(lake: Lake, manifest: Manifest, doc_id: bytes) -> list[dict[str, Any]]:
    """What a dataset of the stage trimmed took out of a document: rows of its `cuts`, in their order in the text."""
    tables = lake.read(manifest, "cuts")
    return [row for table in tables for row in table.filter(pc.equal(table["doc_id"], doc_id)).to_pylist()]


def sources(lake: Lake, manifest: Manifest, stage: str) -> list[Manifest]:
    """The datasets of an earlier stage that a dataset was made of, by partition.

    Raises FileNotFoundError when one of them is no longer in the lake.
    """
    wanted = {digest for name, digest in manifest.inputs.items() if name.startswith(f"{stage}/")}
    found = [candidate for candidate in lake.datasets(stage) if candidate.digest in wanted]
    if len(found) < len(wanted):
        raise FileNotFoundError(
            f"{lake.folder(manifest)} was made of {len(wanted)} datasets of {stage}, and the lake {lake.url} has "
            f"{len(found)} of them: run {stage} again"
        )
    return found


def before(lake: Lake, manifest: Manifest) -> list[Manifest]:
    """The datasets whose documents came to this one; none for the first stage. Raises FileNotFoundError as
    `sources`."""
    found = (sources(lake, manifest, stage) for stage in READS.get(manifest.stage, ()))
    return next((manifests for manifests in found if manifests), [])


def behind(lake: Lake, manifests: Sequence[Manifest]) -> list[Manifest]:
    """As `before`, with those that are behind the datasets by way of others: the documents of earlier crawls that a
    crawl was compared with. What is no longer in the lake is left out."""
    known = {manifest.digest: manifest for manifest in lake.datasets()}
    read = {stage for manifest in manifests for stage in READS.get(manifest.stage, ())}
    met: set[str] = set()
    ahead = list(manifests)
    while ahead:
        manifest = ahead.pop()
        if manifest.stage in read:
            continue  # what is behind it was not read itself: where text was cut out, it still has that
        new = {digest for digest in manifest.inputs.values() if digest in known} - met
        met |= new
        ahead += [known[digest] for digest in new]
    return [manifest for digest, manifest in known.items() if digest in met and manifest.stage in read]


def payload_digest(url: str, origin: Mapping[str, Any]) -> str:
    """Reads a document's record again, in the file at `url`, and digests its payload as ingest did.

    Raises ValueError when what is at that place is no longer that record.
    """
    start, changed = origin["warc_offset"], "it is not the file that was ingested"
    fs, path = fsspec.core.url_to_fs(url)
    with fs.open(path, "rb") as file:
        source, why = recognise(path, file)
        if source is None:
            raise ValueError(f"{url}: {why}; {changed}")
        span = FileRange(start=start, stop=start + 1, exact=True)
        found = next(source.read(file, fs.size(path), path, span), None)
    if found is None or found.offset != start or (isinstance(found.content, NotAPage) and found.content.broken):
        raise ValueError(f"{url} has no record at {start}: {changed}")
    if isinstance(found.content, NotAPage):
        raise ValueError(f"{url} has no page at {start}, but {found.content.reason}: {changed}")
    return found.content.payload_digest

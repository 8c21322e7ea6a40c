"""Records: what became of a record in every dataset that it came to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from corpus.lake.manifest import Manifest
from corpus.lake.schema import DOC_ID, ORIGIN
from corpus.lake.stages import DOCUMENT_STAGES, DOCUMENTS, STAGES
from corpus.lake.store import Lake

COLUMNS = [field.name for field in ORIGIN]


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
    found = {row["doc_id"]: dict(row) for fate in _rows(lake, column, value, DOCUMENTS) for row in [fate.row]}
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
    for stage in DOCUMENT_STAGES:
        yield from _rows(lake, "doc_id", pa.scalar(doc_id, DOC_ID), stage)


def _rows(lake: Lake, column: str, value: pa.Scalar, stage: str) -> Iterator[Fate]:
    for manifest in lake.datasets(stage):
        # What a stage keeps without its origin, as tokens, is where it was read from.
        for kind in sorted({"ledger", *STAGES[stage].documents_in}):
            wanted = COLUMNS + (["reason", "rules", "keeper", "similarity", "detail"] if kind == "ledger" else [])
            for table in lake.read(manifest, kind, wanted):
                for row in table.filter(pc.equal(table[column], value)).to_pylist():
                    yield Fate(manifest=manifest, outcome=row["reason"] if kind == "ledger" else kind, row=row)


def cuts(lake: Lake, manifest: Manifest, doc_id: bytes) -> list[dict[str, Any]]:
    """What a dataset of the stage trimmed took out of a document: rows of its `cuts`, in their order in the text."""
    tables = lake.read(manifest, "cuts")
    return [row for table in tables for row in table.filter(pc.equal(table["doc_id"], doc_id)).to_pylist()]

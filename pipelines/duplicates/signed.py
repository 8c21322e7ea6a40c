"""Signed: a crawl that can be compared, and what of it is gone already."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa

from corpus.lake.manifest import Manifest
from corpus.lake.schema import DOC_ID
from corpus.lake.store import Lake

if TYPE_CHECKING:
    from corpus.duplicates.positions import PositionSet

REMOVALS = "removals"
# In the order of the crawl's documents, which `position` counts from 0. `similarity` is null where texts were not
# compared.
REMOVAL = pa.schema(
    [
        pa.field("position", pa.uint32(), nullable=False),
        pa.field("doc_id", DOC_ID, nullable=False),
        pa.field("keeper", DOC_ID, nullable=False),
        pa.field("reason", pa.string(), nullable=False),
        pa.field("similarity", pa.float64()),
    ]
)


@dataclass(frozen=True, kw_only=True)
class Signed:
    """A crawl that can be compared: its documents, their signatures and, of an earlier one, what was removed and what
    stays."""

    documents: Manifest
    signatures: Manifest
    duplicates: Manifest | None = None
    unique: Manifest | None = None

    @property
    def count(self) -> int:
        """Of its documents."""
        return self.signatures.counts.kept


def removals_between(lake: Lake, duplicates: Manifest, first: int, stop: int, columns: list[str]) -> pa.Table:
    """Those of documents at the positions from `first` up to `stop`."""
    found = [pa.schema([REMOVAL.field(name) for name in columns]).empty_table()]
    paths = [f"{lake.folder(duplicates)}/{entry.path}" for entry in duplicates.of_kind(REMOVALS)]
    for path, (begins, ends) in zip(paths, pairwise([*map(_first_of, paths), stop]), strict=True):
        if begins < stop and ends > first:
            found.append(lake.read_between(path, "position", first, stop - 1, columns))
    return pa.concat_tables(found).combine_chunks()


def removals_path(first: int) -> str:
    """Of the removals of documents from a position on, in their dataset."""
    return f"{REMOVALS}/from-{first:010d}.parquet"


def _first_of(path: str) -> int:
    return int(Path(path).stem.rpartition("-")[2])


def gone_before(lake: Lake, signed: Signed) -> PositionSet:
    """What was removed from a crawl when it was compared itself."""
    tables = lake.read(signed.duplicates, REMOVALS, ["position"]) if signed.duplicates else ()
    return gather_positions(signed, tables)


def gather_positions(signed: Signed, tables: Iterator[pa.Table] | tuple[()]) -> PositionSet:
    """The positions in some tables, of documents of a crawl."""
    from corpus.duplicates.positions import PositionSet  # loads a compiler's runtime, which only the workers need

    gone = PositionSet(signed.count)
    for table in tables:
        gone.add(table["position"].to_numpy().astype("int64"))
    return gone

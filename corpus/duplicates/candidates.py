"""Candidates: the sets of shingles of the documents that are to be compared, recomputed from their texts.

To keep the shingles of all documents would take more than their texts; those of the candidates lie in a scratch file,
of which the system keeps in memory what is in use.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa

from corpus.duplicates.clusters import ShingleSets
from corpus.duplicates.shingles import Shingles
from corpus.lake.parquet import check_rows
from corpus.lake.store import Lake


def write_shingle_sets(found: Iterable[tuple[np.ndarray, Shingles]], candidates: int, scratch: Path) -> ShingleSets:
    """`found`: positions of candidates, each from 0 to `candidates` once in all, and their sets. `scratch`: a folder
    that lives as long as the sets are used."""
    starts, stops = np.zeros(candidates, np.int64), np.zeros(candidates, np.int64)
    path, written = scratch / "shingles", 0
    with open(path, "wb") as file:
        for positions, sets in found:
            sets.values.tofile(file)
            starts[positions], stops[positions] = sets.offsets[:-1] + written, sets.offsets[1:] + written
            written += len(sets.values)
    values = np.asarray(np.memmap(path, np.uint64, mode="r+")) if written else np.empty(0, np.uint64)
    return ShingleSets(values=values, starts=starts, stops=stops)


def read_texts(lake: Lake, path: str, rows: np.ndarray) -> Iterator[tuple[int, pa.Table]]:
    """Ids and texts of some rows, rising, of a Parquet file of documents: (place of the first in `rows`, table), a row
    group at a time and only of those that hold one."""
    with lake.open_parquet(path) as file:
        start = first = 0
        for number in range(file.num_row_groups):
            end = start + file.metadata.row_group(number).num_rows
            last = int(np.searchsorted(rows, end))
            if last > first:
                texts = file.read_row_group(number, columns=["doc_id", "text"])
                check_rows(texts.num_rows, end - start)
                yield first, texts.take(pa.array(rows[first:last] - start))
            start, first = end, last

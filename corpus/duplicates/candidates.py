"""Candidates: the sets of shingles of the documents that are to be compared, recomputed from their texts.

To store the shingles of all documents would take more than their texts; of the candidates they lie in a scratch file,
of which the system keeps in memory what is in use.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa

from corpus.duplicates.clusters import ShingleSets
from corpus.duplicates.shingles import compute_shingle_sets
from corpus.lake.store import Lake


def write_shingle_sets(
    found: Iterable[tuple[np.ndarray, pa.Array]], candidates: int, size: int, scratch: Path
) -> ShingleSets:
    """`found`: positions of candidates, each from 0 to `candidates` once in all, and their texts. `scratch`: a folder
    that lives as long as the sets are used."""
    starts, stops = np.zeros(candidates, np.int64), np.zeros(candidates, np.int64)
    path, written = scratch / "shingles", 0
    with open(path, "wb") as file:
        for positions, texts in found:
            sets = compute_shingle_sets(texts, size)
            sets.values.tofile(file)
            starts[positions], stops[positions] = sets.offsets[:-1] + written, sets.offsets[1:] + written
            written += len(sets.values)
    values = np.asarray(np.memmap(path, np.uint64, mode="r+")) if written else np.empty(0, np.uint64)
    return ShingleSets(values=values, starts=starts, stops=stops)


def read_texts(lake: Lake, path: str, rows: np.ndarray) -> Iterator[tuple[int, pa.Array]]:
    """The texts of some rows, rising, of a Parquet file: (place of the first in `rows`, texts), a row group at a time
    and only of those that hold one."""
    with lake.open_parquet(path) as file:
        start = first = 0
        for number in range(file.num_row_groups):
            end = start + file.metadata.row_group(number).num_rows
            last = int(np.searchsorted(rows, end))
            if last > first:
                texts = file.read_row_group(number, columns=["text"])["text"].combine_chunks()
                if len(texts) != end - start:  # Arrow passes over a page whose header is damaged
                    raise OSError(f"row group {number} has {end - start} rows, of which {len(texts)} can be read")
                yield first, texts.take(pa.array(rows[first:last] - start))
            start, first = end, last

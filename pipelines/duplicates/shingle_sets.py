"""Shingle sets: the texts of candidates, file by file of their crawls -> their shingles, sorted by bin.

So every text is read once, by many workers, and who judges a bin reads the sets of that bin.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from corpus.duplicates.keeper import document_numbers
from corpus.lake.schema import DOC_ID
from corpus.lake.store import Lake
from pipelines.duplicates.components import read_bins
from pipelines.duplicates.kernels import CompiledWork
from pipelines.duplicates.signed import Signed, removals_between
from pipelines.duplicates.splits import Documents, document_files, make_runs
from pipelines.parts import PASSED_ON, Part, file_splits

SETS = f"{PASSED_ON}shingle-sets"
SET = pa.schema(
    [
        pa.field("bin", pa.uint32(), nullable=False),
        pa.field("document", pa.uint64(), nullable=False),
        pa.field("doc_id", DOC_ID, nullable=False),
        pa.field("shingles", pa.large_list(pa.uint64()), nullable=False),
    ]
)
HELD = 1 << 23  # shingles that are in memory at a time, 64 MB


@dataclass(frozen=True, kw_only=True)
class Texts:
    """Files of documents of a crawl: of those that are left, at these paths."""

    name: str
    crawl: int
    files: tuple[tuple[Documents, str], ...]

    @property
    def weight(self) -> int:
        return sum(documents.count for documents, _ in self.files)


def text_splits(lake: Lake, crawls: Sequence[Signed], together: int) -> list[Texts]:
    """`together`: about so many documents a split."""
    found = []
    for crawl, signed in enumerate(crawls):
        paths = {
            split.name: split.paths["documents"]
            for split in file_splits(lake, {"documents": [signed.unique or signed.documents]})
        }
        for run in make_runs(document_files(signed.documents), together):
            files = tuple((file, paths[file.name]) for file in run.files)
            found.append(Texts(name=f"texts-{crawl:04d}-{run.name}", crawl=crawl, files=files))
    return found


class ComputeShingleSets(CompiledWork):
    schemas = {SETS: SET}

    def __init__(self, crawls: Sequence[Signed], shingle_words: int, folder: str) -> None:
        self.crawls, self.shingle_words, self.folder = crawls, shingle_words, folder

    def process(self, lake: Lake, split: Texts, part: Part) -> None:
        from corpus.duplicates.shingles import compute_shingle_sets

        signed, held, size = self.crawls[split.crawl], [], 0
        first, last = split.files[0][0], split.files[-1][0]
        all_positions, all_bins = read_bins(lake, self.folder, split.crawl, first.first, last.stop)
        for documents, path in split.files:
            here = slice(*np.searchsorted(all_positions, (documents.first, documents.stop)))
            positions, bins = all_positions[here], all_bins[here]
            if not len(positions):
                continue
            rows = positions - documents.first - _gone_before(lake, signed, documents, positions)
            for start, found in _read(lake, path, rows):
                chosen = slice(start, start + found.num_rows)
                sets = compute_shingle_sets(found["text"], self.shingle_words)
                characters = pc.utf8_length(found["text"]).to_numpy()
                columns = [
                    bins[chosen].astype(np.uint32),
                    document_numbers(split.crawl, characters, positions[chosen]),
                    found["doc_id"].combine_chunks(),
                    pa.LargeListArray.from_arrays(pa.array(sets.offsets), pa.array(sets.values)),
                ]
                held.append(pa.table([pa.array(column) for column in columns], schema=SET))
                size += len(sets.values)
                if size > HELD:
                    _put(part, held)
                    size = 0
        _put(part, held)


def _read(lake: Lake, path: str, rows: np.ndarray) -> Iterator[tuple[int, pa.Table]]:
    from corpus.duplicates.candidates import read_texts

    return read_texts(lake, path, rows)


def _gone_before(lake: Lake, signed: Signed, documents: Documents, positions: np.ndarray) -> np.ndarray:
    """How many documents of the same file were removed before each: so many rows less has its file of unique ones."""
    if signed.duplicates is None:
        return np.zeros(len(positions), np.int64)
    gone = removals_between(lake, signed.duplicates, documents.first, documents.stop, ["position"])
    return np.searchsorted(gone["position"].to_numpy(), positions)


def _put(part: Part, held: list[pa.Table]) -> None:
    """As row groups of one bin each."""
    if not held:
        return
    table = pa.concat_tables(held).combine_chunks()
    bins = table["bin"].to_numpy()
    table = table.take(pa.array(np.argsort(bins, kind="stable")))
    starts = np.concatenate(([0], np.cumsum(np.unique(bins, return_counts=True)[1])))
    for start, stop in pairwise(starts.tolist()):
        part.add_table(SETS, table.slice(start, stop - start))
    held.clear()

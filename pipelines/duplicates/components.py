"""Components: groups -> bins of documents that may decide about one another, each for one worker.

One worker reads all groups, file by file, and holds a bit for each document of the crawls and 8 bytes for each that
shares a key with another.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from corpus.duplicates.keeper import crawls_of, positions_of
from corpus.lake.store import Lake
from pipelines.duplicates.groups import read_groups
from pipelines.duplicates.kernels import CompiledWork
from pipelines.duplicates.signed import Signed
from pipelines.duplicates.splits import ROW_GROUP
from pipelines.parts import PASSED_ON, FileSplit, Part

if TYPE_CHECKING:
    from corpus.duplicates.positions import PositionSet

BINS = f"{PASSED_ON}bins"
# Of a crawl's documents that share a key with another, by position.
BINNED = pa.schema([pa.field("position", pa.uint32(), nullable=False), pa.field("bin", pa.uint32(), nullable=False)])


def bins_path(crawl: int) -> str:
    """In the folder of the stage."""
    return f"{BINS}/crawl-{crawl:04d}.parquet"


class FindComponents(CompiledWork):
    schemas = {}

    def __init__(self, crawls: Sequence[Signed], groups: Sequence[str], bins: int) -> None:
        """`groups`: their files."""
        self.crawls, self.groups, self.bins = crawls, groups, bins

    def process(self, lake: Lake, split: FileSplit, part: Part) -> None:
        from corpus.duplicates.components import Components
        from corpus.duplicates.positions import PlacesInSet, PositionSet

        candidates = [PositionSet(signed.count) for signed in self.crawls]
        for groups in read_groups(lake, self.groups):
            for crawl, members in by_crawl(groups.members):
                candidates[crawl].add(positions_of(groups.members[members]))
        starts = np.cumsum([0, *map(len, candidates)])
        places = [PlacesInSet(one) for one in candidates]
        components = Components(int(starts[-1]))
        for groups in read_groups(lake, self.groups):
            numbered = np.empty(len(groups.members), np.uint64)
            for crawl, members in by_crawl(groups.members):
                numbered[members] = places[crawl].places(positions_of(groups.members[members])) + starts[crawl]
            components.connect(replace(groups, members=numbered))
        bins = components.bins(self.bins)
        for crawl, one in enumerate(candidates):
            mine = bins[starts[crawl] : starts[crawl + 1]]
            table = pa.table([one.sorted(), mine], schema=BINNED)
            part.put_table(bins_path(crawl), table, ROW_GROUP)
        part.figure("candidates", int(starts[-1]))


def by_crawl(documents: np.ndarray) -> Iterator[tuple[int, np.ndarray]]:
    """(crawl, which of some documents are of it)."""
    crawls = crawls_of(documents)
    for crawl in np.unique(crawls).tolist():
        yield crawl, crawls == crawl


def read_bins(lake: Lake, folder: str, crawl: int, first: int, stop: int) -> tuple[np.ndarray, np.ndarray]:
    """(positions, bins) of a crawl's candidates from the position `first` up to `stop`, int64."""
    table = lake.read_between(f"{folder}/{bins_path(crawl)}", "position", first, stop - 1, BINNED.names)
    return table["position"].to_numpy().astype(np.int64), table["bin"].to_numpy().astype(np.int64)


def in_bin(lake: Lake, folder: str, crawl: int, signed: Signed, number: int) -> PositionSet:
    """The candidates of a crawl that are in a bin."""
    from corpus.duplicates.positions import PositionSet

    found = PositionSet(signed.count)
    for batch in lake.read_row_groups(f"{folder}/{bins_path(crawl)}"):
        found.add(batch["position"].to_numpy()[batch["bin"].to_numpy() == number].astype(np.int64))
    return found

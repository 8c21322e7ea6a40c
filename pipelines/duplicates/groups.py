"""Groups: documents of all crawls that share a band key, found by ranges of keys.

Of an earlier crawl are read its index and what was removed from it; those of its documents alone are brought together
with the new ones that share a key with one of them. A key's documents are one group, however many they are: 8 bytes
each.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from corpus.duplicates.keeper import first_number, positions_of
from corpus.lake.store import Lake
from pipelines.duplicates.exact import read_pairs
from pipelines.duplicates.index import read_keys
from pipelines.duplicates.kernels import CompiledWork
from pipelines.duplicates.signed import Signed, gather_positions, gone_before
from pipelines.duplicates.splits import KeyRange
from pipelines.parts import PASSED_ON, Part

if TYPE_CHECKING:
    from corpus.duplicates.groups import Groups
    from corpus.duplicates.positions import PositionSet

GROUPS = f"{PASSED_ON}groups"
GROUP = pa.schema([pa.field("documents", pa.large_list(pa.uint64()), nullable=False)])


class FindGroups(CompiledWork):
    schemas = {GROUPS: GROUP}

    def __init__(self, crawls: Sequence[Signed], exact: Sequence[str]) -> None:
        """`exact`: the files of what was removed before."""
        self.crawls, self.exact = crawls, exact

    def process(self, lake: Lake, split: KeyRange, part: Part) -> None:
        from corpus.duplicates.groups import group_by_key, mark_shared

        *earlier, crawl = self.crawls
        gone = gather_positions(crawl, read_pairs(lake, self.exact, ["position"]))
        bands = _read(lake, split, len(earlier), crawl, gone)
        together: list[Any] = [([], [], keys, documents) for keys, documents in bands]
        for number, signed in enumerate(earlier):
            found = _read(lake, split, number, signed, gone_before(lake, signed))
            for (their_keys, others, keys, _), (theirs, documents) in zip(together, found, strict=True):
                chosen = mark_shared(theirs, keys)
                their_keys.append(theirs[chosen])
                others.append(documents[chosen])
        for their_keys, others, keys, documents in together:
            groups = group_by_key(np.concatenate((*their_keys, keys)), np.concatenate((*others, documents)))
            lists = pa.LargeListArray.from_arrays(pa.array(groups.starts), pa.array(groups.members))
            part.add_table(GROUPS, pa.table([lists], schema=GROUP))


def _read(
    lake: Lake, split: KeyRange, number: int, signed: Signed, gone: PositionSet
) -> list[tuple[np.ndarray, np.ndarray]]:
    """(keys, documents) of a crawl, sorted by key, without those that are gone, of each band."""
    first = np.uint64(first_number(number))
    found = []
    for keys, documents in read_keys(lake, signed.signatures, split):
        left = ~gone.holds(positions_of(documents))
        found.append((keys[left], documents[left] + first))
    return found


def read_groups(lake: Lake, paths: Sequence[str]) -> Iterator[Groups]:
    """File by file."""
    from corpus.duplicates.groups import Groups

    for path in paths:
        lists = lake.read_table(path)["documents"].combine_chunks()
        starts = lists.offsets.to_numpy() if len(lists) else np.zeros(1, np.int64)
        yield Groups(members=lists.values.to_numpy(), starts=starts, weights=np.ones(len(lists), np.uint16))

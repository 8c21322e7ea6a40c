"""Decisions: bins of candidates -> which of them go, each for one that stays.

Keys nominate; here what the texts have in common is measured, and that decides. No document of an earlier crawl goes,
so that its survivors are the same whatever crawl is added.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from corpus.duplicates.keeper import first_number, positions_of
from corpus.duplicates.removals import Removals
from corpus.lake.schema import DOC_ID
from corpus.lake.store import Lake
from pipelines.duplicates.components import by_crawl, in_bin
from pipelines.duplicates.exact import PAIR, pairs_table, put_pairs
from pipelines.duplicates.groups import read_groups
from pipelines.duplicates.kernels import CompiledWork
from pipelines.duplicates.shingle_sets import SET
from pipelines.duplicates.signed import Signed
from pipelines.duplicates.splits import Bin
from pipelines.parts import PASSED_ON, Part

if TYPE_CHECKING:
    from corpus.duplicates.groups import Groups
    from corpus.duplicates.positions import PositionSet
    from corpus.duplicates.shingles import Shingles

NEAR = f"{PASSED_ON}near"


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """What decides the removals. `earlier`: the crawls whose survivors stay, in the keeper's order."""

    threshold: float
    measure: str
    same_url: str
    agreeing: int
    earlier: tuple[str, ...]


class Decide(CompiledWork):
    """A document is measured against one that stays, so the groups of a bin are judged together. Held in memory are 8
    bytes for each document of a group, and the shingles of candidates on disk."""

    schemas = {NEAR: PAIR}

    def __init__(
        self,
        crawls: Sequence[Signed],
        comparison: Comparison,
        groups: Sequence[str],
        sets: Sequence[str],
        folder: str,
    ) -> None:
        """`groups` and `sets`: their files."""
        self.crawls, self.comparison, self.groups, self.sets, self.folder = crawls, comparison, groups, sets, folder

    def process(self, lake: Lake, split: Bin, part: Part) -> None:
        from corpus.duplicates.candidates import write_shingle_sets
        from corpus.duplicates.clusters import find_near_duplicates
        from corpus.duplicates.groups import combine_groups

        here = [in_bin(lake, self.folder, crawl, signed, split.number) for crawl, signed in enumerate(self.crawls)]
        groups = combine_groups(_chosen(groups, here) for groups in read_groups(lake, self.groups))
        candidates = groups.documents()
        places: list[np.ndarray] = [np.empty(0, np.int64)]
        doc_ids: list[pa.Array] = []
        near = find_near_duplicates(
            groups,
            candidates,
            write_shingle_sets(self._sets(lake, split, candidates, places, doc_ids), len(candidates), part.scratch),
            threshold=self.comparison.threshold,
            agreeing=self.comparison.agreeing,
            containment=self.comparison.measure == "containment",
            staying=int(np.searchsorted(candidates, np.uint64(first_number(len(self.crawls) - 1)))),
        )
        found = Removals(
            documents=np.searchsorted(candidates, near.documents),
            keepers=np.searchsorted(candidates, near.keepers),
            similarities=near.similarities,
        )
        in_order = pa.chunked_array(doc_ids, DOC_ID).take(pa.array(np.argsort(np.concatenate(places))))
        put_pairs(part, NEAR, pairs_table(found, candidates, in_order.combine_chunks()))

    def _sets(
        self, lake: Lake, split: Bin, candidates: np.ndarray, places: list[np.ndarray], doc_ids: list[pa.Array]
    ) -> Iterator[tuple[np.ndarray, Shingles]]:
        """(places in `candidates`, their sets) of a bin, file by file; notes the places and the ids."""
        from corpus.duplicates.shingles import Shingles

        for path in self.sets:
            table = lake.read_between(path, "bin", split.number, split.number, SET.names[1:])
            if table.num_rows:
                places.append(np.searchsorted(candidates, table["document"].to_numpy()))
                doc_ids += table["doc_id"].chunks
                lists = table["shingles"].combine_chunks()
                offsets = lists.offsets.to_numpy()
                values = lists.values.to_numpy()[offsets[0] : offsets[-1]]
                yield places[-1], Shingles(values=values, offsets=offsets - offsets[0])


def _chosen(groups: Groups, here: Sequence[PositionSet]) -> Groups:
    """The groups of a bin. All documents of a group are in one."""
    from corpus.duplicates.groups import Groups

    firsts = groups.members[groups.starts[:-1]]
    chosen = np.zeros(len(groups), bool)
    for crawl, its in by_crawl(firsts):
        chosen[its] = here[crawl].holds(positions_of(firsts[its]))
    if chosen.all():
        return groups
    sizes = np.diff(groups.starts)
    return Groups(
        members=groups.members[np.repeat(chosen, sizes)],
        starts=np.concatenate(([0], np.cumsum(sizes[chosen]))),
        weights=groups.weights[chosen],
    )

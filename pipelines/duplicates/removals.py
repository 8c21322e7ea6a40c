"""Removals: what the steps found -> which documents of a run go, each for one that stays."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from corpus.duplicates.keeper import positions_of
from corpus.duplicates.removals import CombinedRemovals, Removals, combine_steps
from corpus.lake.store import Lake
from pipelines.duplicates.exact import PAIR
from pipelines.duplicates.index import IDS
from pipelines.duplicates.signed import REMOVAL, Signed, removals_path
from pipelines.duplicates.splits import ROW_GROUP, Run
from pipelines.parts import Part, Work


class GatherRemovals(Work):
    """A keeper that a later step removes hands its documents on to its own keeper, which may be of any run."""

    schemas = {}

    def __init__(self, crawl: Signed, same_url: Sequence[str], exact: Sequence[str], near: Sequence[str]) -> None:
        """The files of what each step found."""
        self.crawl, self.same_url, self.exact, self.near = crawl, same_url, exact, near

    def process(self, lake: Lake, split: Run, part: Part) -> None:
        same_url = _pairs(lake, self.same_url, split, np.empty(0, np.uint64))
        keepers = same_url["keeper"].to_numpy()
        exact = _pairs(lake, self.exact, split, keepers)
        keepers = np.concatenate([keepers, exact["keeper"].to_numpy()])
        near = _pairs(lake, self.near, split, keepers)
        found = combine_steps(*map(_removals, (same_url, exact, near)))
        positions = positions_of(found.documents)
        here = (positions >= split.first) & (positions < split.stop)
        mine = CombinedRemovals(**{name: values[here] for name, values in vars(found).items()})
        doc_ids = lake.read_table(f"{lake.folder(self.crawl.signatures)}/{IDS}/{split.name}.parquet")["doc_id"]
        columns = {
            "position": pa.array(positions[here].astype(np.uint32)),
            "doc_id": doc_ids.take(pa.array(positions[here] - split.first)),
            "keeper": _ids(pa.concat_tables([same_url, exact, near]), mine.keepers),
            "reason": mine.named(),
            "similarity": pa.array(mine.similarities, from_pandas=True),  # NaN is null
        }
        table = pa.table(columns, schema=REMOVAL).sort_by("position")
        part.put_table(removals_path(split.first), table, ROW_GROUP)
        part.figure("documents", split.weight)
        for name, number in mine.counts().items():
            part.figure(name, number)


def _pairs(lake: Lake, paths: Sequence[str], split: Run, keepers: np.ndarray) -> pa.Table:
    """PAIR of the documents of a run, and of those among the keepers, by document."""
    found = [PAIR.empty_table()]
    for path in paths:
        for table in lake.read_row_groups(path):
            positions = table["position"].to_numpy()
            wanted = (positions >= split.first) & (positions < split.stop)
            wanted |= np.isin(table["document"].to_numpy(), keepers)
            found.append(table.filter(pa.array(wanted)))
    return pa.concat_tables(found).sort_by("document").combine_chunks()


def _removals(pairs: pa.Table) -> Removals:
    return Removals(
        documents=pairs["document"].to_numpy(),
        keepers=pairs["keeper"].to_numpy(),
        similarities=pairs["similarity"].to_numpy(),
    )


def _ids(pairs: pa.Table, keepers: np.ndarray) -> pa.ChunkedArray:
    """The ids of keepers, each of which is one in `pairs`."""
    known, places = np.unique(pairs["keeper"].to_numpy(), return_index=True)
    return pairs["keeper_id"].take(pa.array(places[np.searchsorted(known, keepers)]))

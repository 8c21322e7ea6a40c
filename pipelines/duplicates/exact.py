"""Exact: documents that have the URL, or all words, of one that stays.

Found by ranges of digests, of all crawls together. Those that a URL already removed are left out of what comes after.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import pyarrow as pa

from corpus.duplicates.keeper import first_number, positions_of
from corpus.duplicates.removals import Removals
from corpus.lake.schema import DOC_ID
from corpus.lake.store import Lake
from pipelines.duplicates.index import DIGESTS, URLS, read_digests
from pipelines.duplicates.kernels import CompiledWork
from pipelines.duplicates.signed import Signed, gather_positions, gone_before
from pipelines.duplicates.splits import KeyRange
from pipelines.parts import PASSED_ON, Part

SAME_URL, EXACT = f"{PASSED_ON}same-url", f"{PASSED_ON}exact"
FIRST_OR_LATEST = {"first": 1, "latest": -1}
# A document, at a position of the crawl that is compared, that goes for another, of any crawl; by position.
# `similarity` is NaN where texts were not compared.
PAIR = pa.schema(
    [
        pa.field("position", pa.uint32(), nullable=False),
        pa.field("document", pa.uint64(), nullable=False),
        pa.field("keeper", pa.uint64(), nullable=False),
        pa.field("keeper_id", DOC_ID, nullable=False),
        pa.field("similarity", pa.float64(), nullable=False),
    ]
)


class FindSameUrl(CompiledWork):
    """The one that stays is that of an earlier crawl, or the one that was fetched first, or last."""

    schemas = {SAME_URL: PAIR}

    def __init__(self, crawls: Sequence[Signed], same_url: str) -> None:
        self.crawls, self.same_url = crawls, same_url

    def process(self, lake: Lake, split: KeyRange, part: Part) -> None:
        *earlier, crawl = self.crawls
        own = _in_order(read_digests(lake, crawl.signatures, URLS, split), len(earlier))
        known = _known(lake, earlier, URLS, split, own)
        fetched = own["fetched_at"]
        times = FIRST_OR_LATEST[self.same_url] * fetched.cast(pa.int64()).fill_null(0).to_numpy()
        by_time = np.lexsort((times, fetched.is_null().to_numpy()))
        pairs = _equal(known, own.take(pa.array(by_time)))
        unknown = pa.repeat(pa.scalar(np.nan), pairs.num_rows)  # texts were not compared
        put_pairs(part, SAME_URL, pairs.set_column(len(PAIR) - 1, PAIR.field("similarity"), unknown))


class FindExact(CompiledWork):
    schemas = {EXACT: PAIR}

    def __init__(self, crawls: Sequence[Signed], same_url: Sequence[str]) -> None:
        """`same_url`: the files of what the same URL removes."""
        self.crawls, self.same_url = crawls, same_url

    def process(self, lake: Lake, split: KeyRange, part: Part) -> None:
        *earlier, crawl = self.crawls
        own = read_digests(lake, crawl.signatures, DIGESTS, split)
        if self.same_url:
            gone = gather_positions(crawl, read_pairs(lake, self.same_url, ["position"]))
            own = own.filter(pa.array(~gone.holds(positions_of(own["document"].to_numpy()))))
        own = _in_order(own, len(earlier))
        put_pairs(part, EXACT, _equal(_known(lake, earlier, DIGESTS, split, own), own))


def _known(lake: Lake, earlier: Sequence[Signed], kind: str, split: KeyRange, own: pa.Table) -> list[pa.Table]:
    """Of each earlier crawl, what stays and has the first half of a digest of one of `own`."""
    found, mine = [], own["digest"].to_numpy()
    for number, signed in enumerate(earlier):
        table = read_digests(lake, signed.signatures, kind, split)
        table = table.filter(pa.array(np.isin(table["digest"].to_numpy(), mine)))
        gone = gone_before(lake, signed).holds(positions_of(table["document"].to_numpy()))
        found.append(_in_order(table.filter(pa.array(~gone)), number))
    return found


def _in_order(table: pa.Table, crawl: int) -> pa.Table:
    """In the keeper's order, with the numbers of a crawl."""
    table = table.sort_by("document")
    numbers = pa.array(table["document"].to_numpy() + np.uint64(first_number(crawl)))
    return table.set_column(table.schema.get_field_index("document"), "document", numbers)


def _equal(known: Sequence[pa.Table], own: pa.Table) -> pa.Table:
    """PAIR of those of `own` with the digest of one before them, or of one of the `known` ones."""
    from corpus.duplicates.clusters import (
        find_exact_duplicates,  # loads a compiler's runtime, which only the workers need
    )

    names = ["digest", "digest_low", "document", "doc_id"]
    table = pa.concat_tables([one.select(names) for one in (*known, own)])
    digests = np.stack([table[name].to_numpy() for name in names[:2]], axis=1)
    found = find_exact_duplicates(digests, np.arange(table.num_rows, dtype=np.uint64))
    return pairs_table(found, table["document"].to_numpy(), table["doc_id"].combine_chunks())


def pairs_table(found: Removals, documents: np.ndarray, doc_ids: pa.Array) -> pa.Table:
    """PAIR of removals among some documents, whose documents and keepers are places in these arrays."""
    gone = documents[found.documents]
    columns = [
        *(positions_of(gone).astype(np.uint32), gone, documents[found.keepers]),
        *(doc_ids.take(pa.array(found.keepers)), found.similarities),
    ]
    return pa.table([pa.array(column) for column in columns], schema=PAIR)


def put_pairs(part: Part, kind: str, pairs: pa.Table) -> None:
    part.add_table(kind, pairs.sort_by("position"))


def read_pairs(lake: Lake, paths: Sequence[str], columns: list[str]) -> Iterator[pa.Table]:
    for path in paths:
        yield lake.read_table(path, columns)

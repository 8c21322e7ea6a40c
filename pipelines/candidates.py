"""Nominate: which documents of a crawl are copies of one that stays, and which may be.

A document is its crawl's place among the compared ones and its rank there, in one number that rises in the keeper's
order. Of an earlier crawl are read its index and what was removed from it; those of its documents alone are brought
together with the new ones that share a key with one of them.

exact    one file: documents that have the URL or the words of one that stays
groups   some bands a file: documents that share a key
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from corpus.duplicates.removals import EXACT, REASONS, SAME_URL, Removals
from corpus.lake.manifest import Manifest
from corpus.lake.store import Lake
from pipelines.parts import FileSplit, Part, Work
from pipelines.signatures import ORDER, BandSplit, read_bands

CRAWL = 32  # bits to the left of a rank
RANK = np.uint64((1 << CRAWL) - 1)
DIGEST, URL_DIGEST = ["digest", "digest_low"], ["url_digest", "url_digest_low"]
FIRST_OR_LATEST = {"first": 1, "latest": -1}

PAIR = pa.schema(
    [
        pa.field("document", pa.uint64(), nullable=False),
        pa.field("keeper", pa.uint64(), nullable=False),
        pa.field("reason", pa.uint8(), nullable=False),
    ]
)
GROUP = pa.schema([pa.field("documents", pa.large_list(pa.uint64()), nullable=False)])


@dataclass(frozen=True, kw_only=True)
class Signed:
    """A crawl that can be compared: its documents, their signatures and, of an earlier one, what was removed and what
    stays."""

    documents: Manifest
    signatures: Manifest
    duplicates: Manifest | None = None
    unique: Manifest | None = None


def first_number(crawl: int) -> int:
    return crawl << CRAWL


def numbers(crawl: int, documents: int) -> np.ndarray:
    return np.arange(documents, dtype=np.uint64) + np.uint64(first_number(crawl))


def ranks(documents: np.ndarray) -> np.ndarray:
    return (documents & RANK).astype(np.int64)


def crawl_of(documents: np.ndarray) -> np.ndarray:
    return (documents >> np.uint64(CRAWL)).astype(np.int64)


def ranked(lake: Lake, signed: Signed, columns: list[str]) -> pa.Table:
    """Some columns of a crawl's documents, by rank."""
    return pa.concat_tables(lake.read(signed.signatures, ORDER, columns)).combine_chunks()


def _digests(table: pa.Table) -> np.ndarray:
    """(documents, 2) uint64."""
    return np.stack([column.to_numpy() for column in table.columns], axis=1)


def _staying(lake: Lake, signed: Signed) -> np.ndarray:
    """Which ranks of an earlier crawl stay, as a mask."""
    staying = np.ones(signed.signatures.counts.kept, bool)
    if signed.duplicates:
        for removed in lake.read(signed.duplicates, "removals", ["rank"]):
            staying[removed["rank"].to_numpy()] = False
    return staying


class Exact(Work):
    schemas = {"exact": PAIR}

    def __init__(self, crawls: Sequence[Signed], same_url: str) -> None:
        *self.earlier, self.crawl = crawls
        self.same_url = same_url

    def process(self, lake: Lake, split: FileSplit, part: Part) -> None:
        documents = numbers(len(self.earlier), self.crawl.signatures.counts.kept)
        left = np.ones(len(documents), bool)
        if self.same_url in FIRST_OR_LATEST:
            found = self._same_url(lake, documents)
            left[ranks(found.documents)] = False
            self._put(part, found, SAME_URL)
        digests = _digests(ranked(lake, self.crawl, DIGEST))[left]
        self._put(part, self._equal(lake, DIGEST, digests, documents[left]), EXACT)

    def _same_url(self, lake: Lake, documents: np.ndarray) -> Removals:
        """The one that stays is that of an earlier crawl, or the one that was fetched first, or last."""
        table = ranked(lake, self.crawl, [*URL_DIGEST, "fetched_at"])
        digests, fetched = _digests(table.select(URL_DIGEST)), table["fetched_at"]
        times = FIRST_OR_LATEST[self.same_url] * fetched.cast(pa.int64()).fill_null(0).to_numpy()
        by_time = np.lexsort((times, fetched.is_null().to_numpy()))
        by_time = by_time[digests[by_time].any(axis=1)]  # a document without a URL stays
        places = documents[: len(by_time)]
        found = self._equal(lake, URL_DIGEST, digests[by_time], places)
        known = found.keepers < documents[:1]
        gone = documents[by_time[ranks(found.documents)]]
        keepers = np.where(known, found.keepers, documents[by_time[ranks(np.where(known, places[:1], found.keepers))]])
        order = np.argsort(gone)
        return Removals(documents=gone[order], keepers=keepers[order], similarities=found.similarities)

    def _equal(self, lake: Lake, columns: list[str], digests: np.ndarray, documents: np.ndarray) -> Removals:
        """Those of `documents` with the digest of one before them, or of one of an earlier crawl that stays."""
        from corpus.duplicates.clusters import (
            find_exact_duplicates,  # loads a compiler's runtime, which only the workers need
        )

        all_documents, all_digests = [], []
        for number, signed in enumerate(self.earlier):
            theirs = _digests(ranked(lake, signed, columns))
            chosen = np.isin(theirs[:, 0], digests[:, 0]) & _staying(lake, signed)
            all_documents.append(numbers(number, len(theirs))[chosen])
            all_digests.append(theirs[chosen])
        return find_exact_duplicates(
            np.concatenate((*all_digests, digests)), np.concatenate((*all_documents, documents))
        )

    def _put(self, part: Part, found: Removals, reason: str) -> None:
        reasons = np.full(len(found), REASONS.index(reason), np.uint8)
        part.add_table("exact", pa.table([found.documents, found.keepers, reasons], schema=PAIR))


def exact_pairs(lake: Lake, folder: str) -> pa.Table:
    return lake.read_table(f"{folder}/exact/exact.parquet")


class Group(Work):
    schemas = {"groups": GROUP}

    def __init__(self, crawls: Sequence[Signed], folder: str) -> None:
        *self.earlier, self.crawl = crawls
        self.folder = folder

    def process(self, lake: Lake, split: BandSplit, part: Part) -> None:
        from corpus.duplicates.groups import group_by_key, mark_shared

        left = np.ones(self.crawl.signatures.counts.kept, bool)
        left[ranks(exact_pairs(lake, self.folder)["document"].to_numpy())] = False
        bands = _read(lake, split, len(self.earlier), self.crawl, left)
        together: list[Any] = [([], [], keys, documents) for keys, documents in bands]
        for number, signed in enumerate(self.earlier):
            found = _read(lake, split, number, signed, _staying(lake, signed))
            for (their_keys, others, keys, _), (theirs, documents) in zip(together, found, strict=True):
                chosen = mark_shared(theirs, keys)
                their_keys.append(theirs[chosen])
                others.append(documents[chosen])
        for their_keys, others, keys, documents in together:
            groups = group_by_key(np.concatenate((*their_keys, keys)), np.concatenate((*others, documents)))
            lists = pa.LargeListArray.from_arrays(pa.array(groups.starts), pa.array(groups.members))
            part.add_table("groups", pa.table([lists], schema=GROUP))


def _read(
    lake: Lake, split: BandSplit, number: int, signed: Signed, left: np.ndarray
) -> list[tuple[np.ndarray, np.ndarray]]:
    """(keys, documents) of a crawl, sorted by key, without those that are gone, of each band."""
    first = np.uint64(first_number(number))
    found = []
    for keys, places in read_bands(lake, signed.signatures, split.bands):
        chosen = left[places]
        found.append((keys[chosen], places[chosen].astype(np.uint64) + first))
    return found

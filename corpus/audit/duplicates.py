"""Copies: which documents went because another one stays, by cluster, by host and by similarity.

A cluster is a document that stays and all that went for it, in whichever crawls they are. Read are ids, hosts and
similarities: less than 200 bytes a removed document are held, and of the others one file at a time. Texts are looked up
of the few that are shown.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from corpus.audit.histograms import Histogram
from corpus.audit.outcomes import most_first
from corpus.audit.samples import Sample, dropped
from corpus.duplicates.removals import NEAR
from corpus.lake.manifest import Manifest
from corpus.lake.schema import DOC_ID
from corpus.lake.store import Lake
from corpus.lineage.graph import all_document_sources

SIZES = (2, 3, 4, 5, 10, 100, 1_000, 10_000, 100_000)  # from which a row of the table of sizes counts
LARGEST, MEMBERS = 10, 3  # clusters that are shown, and members of each
HOSTS, KEEPERS = 15, 3  # rows of the table of hosts, and hosts named in each
BINS = 20
ID = f"S{DOC_ID.byte_width}"  # numpy compares these as they lie, and fills up what ends in zeros


@dataclass(frozen=True, kw_only=True)
class Size:
    """`clusters` of `minimum` to `maximum` documents, the one that stays counted; `removed`: how many of them went."""

    minimum: int
    maximum: int
    clusters: int
    removed: int


@dataclass(frozen=True, kw_only=True)
class Cluster:
    """`size` counts the keeper. `members`: those of the removed that are least like it, least first."""

    keeper: bytes
    size: int
    members: Sequence[bytes]


@dataclass(frozen=True, kw_only=True)
class Host:
    """Of the `came` documents of a host, `removed` went for documents of `keepers`: host -> how many, most first. A
    document without a host has the host ""."""

    host: str
    came: int
    removed: int
    keepers: Mapping[str, int]


@dataclass(frozen=True, kw_only=True)
class Copies:
    """`removed`: reason -> documents. `clusters`: how many there are, by `sizes`; `largest`: the first of them.
    `hosts`: those that lost most. `similarities`: of the near duplicates to what stays; None where there are none."""

    removed: Mapping[str, int]
    clusters: int
    sizes: Sequence[Size]
    largest: Sequence[Cluster]
    hosts: Sequence[Host]
    similarities: Histogram | None


@dataclass(frozen=True)
class _Removed:
    """One row a removed document. `hosts`: places in a vocabulary of hosts. `similarities`: 0 where not measured."""

    ids: np.ndarray
    keepers: np.ndarray
    hosts: np.ndarray
    near: np.ndarray
    similarities: np.ndarray


@dataclass(frozen=True)
class _Hosts:
    """Hosts as numbers, in the order in which they were met."""

    numbers: dict[str, int] = field(default_factory=lambda: {"": 0})

    def __call__(self, column: pa.ChunkedArray) -> np.ndarray:
        encoded = column.combine_chunks().dictionary_encode("encode")
        names = encoded.dictionary.to_pylist()
        places = np.array([self.numbers.setdefault(name or "", len(self.numbers)) for name in names], np.int64)
        return places[encoded.indices.to_numpy(zero_copy_only=False)]


def copies(lake: Lake, uniques: Sequence[Manifest], threshold: float) -> Copies:
    """Of datasets of the stage unique, one or more crawls; `threshold`: what a near duplicate's similarity reaches.
    What stays may be in a crawl before them."""
    hosts, reasons = _Hosts(), Counter[str]()
    removed = _removed(lake, uniques, hosts, reasons)
    keepers, clusters = np.unique(removed.keepers, return_inverse=True)
    stay, kept = _stay(lake, uniques, keepers, hosts)
    sizes = np.bincount(clusters, minlength=len(keepers)) + 1
    largest = np.argsort(-sizes, kind="stable")[:LARGEST].tolist()  # of equal ones, the least ids
    return Copies(
        removed=most_first(reasons),
        clusters=len(keepers),
        sizes=_sizes(sizes),
        largest=[
            Cluster(
                keeper=_bytes(keepers[number]),
                size=int(sizes[number]),
                members=_least_alike(removed, np.flatnonzero(clusters == number)),
            )
            for number in largest
        ],
        hosts=_hosts(removed.hosts, stay[clusters], kept, hosts),
        similarities=_similarities(removed.similarities[removed.near], threshold),
    )


def members(lake: Lake, uniques: Sequence[Manifest], clusters: Sequence[Cluster]) -> list[list[Sample]]:
    """The members of each cluster, with their texts and what stays for them."""
    chosen = [doc_id for cluster in clusters for doc_id in cluster.members]
    found = {sample.doc_id: sample for unique in uniques for sample in dropped(lake, unique, chosen)}
    return [[found[doc_id] for doc_id in cluster.members] for cluster in clusters]


def _removed(lake: Lake, uniques: Sequence[Manifest], hosts: _Hosts, reasons: Counter[str]) -> _Removed:
    columns = ["doc_id", "host", "reason", "keeper", "similarity"]
    parts = [_Removed(*(np.empty(0, kind) for kind in (ID, ID, np.int64, bool, float)))]
    for table in (table for unique in uniques for table in lake.read(unique, "ledger", columns)):
        rows = table.filter(pc.is_valid(table["keeper"]))
        reasons.update({row["values"]: row["counts"] for row in pc.value_counts(rows["reason"]).to_pylist()})
        parts.append(
            _Removed(
                _ids(rows["doc_id"]),
                _ids(rows["keeper"]),
                hosts(rows["host"]),
                pc.equal(rows["reason"], NEAR).to_numpy(),
                pc.fill_null(rows["similarity"], 0.0).to_numpy(),
            )
        )
    return _Removed(**{name: np.concatenate([vars(part)[name] for part in parts]) for name in vars(parts[0])})


def _ids(column: pa.ChunkedArray) -> np.ndarray:
    array = column.combine_chunks()
    if not len(array):
        return np.empty(0, ID)
    return np.frombuffer(array.buffers()[1], ID)[array.offset : array.offset + len(array)]


def _bytes(found: np.bytes_) -> bytes:
    return bytes(found).ljust(DOC_ID.byte_width, b"\0")


def _stay(
    lake: Lake, uniques: Sequence[Manifest], keepers: np.ndarray, hosts: _Hosts
) -> tuple[np.ndarray, Counter[int]]:
    """The host of each keeper, and how many documents of each host these datasets kept."""
    stay, kept = np.full(len(keepers), -1), Counter[int]()
    for ids, of_file in _origins(lake, uniques, hosts):
        kept.update(dict(zip(*(found.tolist() for found in np.unique(of_file, return_counts=True)), strict=True)))
        _look_up(keepers, ids, of_file, stay)
    if (stay < 0).any():  # what stays is in an earlier crawl
        for ids, of_file in _origins(lake, all_document_sources(lake, uniques), hosts):
            _look_up(keepers, ids, of_file, stay)
    return np.maximum(stay, 0), kept


def _origins(lake: Lake, manifests: Sequence[Manifest], hosts: _Hosts) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    for manifest in manifests:
        for table in lake.read(manifest, "documents", ["doc_id", "host"]):
            yield _ids(table["doc_id"]), hosts(table["host"])


def _look_up(keepers: np.ndarray, ids: np.ndarray, hosts: np.ndarray, stay: np.ndarray) -> None:
    if len(keepers):
        places = np.minimum(np.searchsorted(keepers, ids), len(keepers) - 1)
        found = keepers[places] == ids
        stay[places[found]] = hosts[found]


def _sizes(sizes: np.ndarray) -> list[Size]:
    edges = np.array([*SIZES, np.iinfo(np.int64).max])
    rows = np.searchsorted(edges, sizes, side="right") - 1
    clusters = np.bincount(rows, minlength=len(SIZES)).tolist()
    removed = np.bincount(rows, weights=sizes - 1, minlength=len(SIZES)).tolist()
    return [
        Size(minimum=first, maximum=after - 1, clusters=clusters[row], removed=int(removed[row]))
        for row, (first, after) in enumerate(pairwise(edges.tolist()))
        if clusters[row]
    ]


def _least_alike(removed: _Removed, rows: np.ndarray) -> list[bytes]:
    order = np.lexsort((removed.ids[rows], removed.similarities[rows]))[:MEMBERS]
    return [_bytes(removed.ids[row]) for row in rows[order]]


def _hosts(gone: np.ndarray, stay: np.ndarray, kept: Counter[int], hosts: _Hosts) -> list[Host]:
    names = list(hosts.numbers)
    lost = np.bincount(gone, minlength=len(names))
    pairs, counts = np.unique(gone * len(names) + stay, return_counts=True)
    most = sorted(np.flatnonzero(lost).tolist(), key=lambda host: (-lost[host], names[host]))[:HOSTS]
    found = []
    for host in most:
        of_host = pairs // len(names) == host
        stays = {
            names[pair % len(names)]: count
            for pair, count in zip(pairs[of_host].tolist(), counts[of_host].tolist(), strict=True)
        }
        removed = int(lost[host])
        found.append(
            Host(
                host=names[host],
                came=removed + kept[host],
                removed=removed,
                keepers=dict(list(most_first(stays).items())[:KEEPERS]),
            )
        )
    return found


def _similarities(values: np.ndarray, threshold: float) -> Histogram | None:
    if not len(values):
        return None
    edges = np.linspace(threshold, 1, BINS + 1)
    places = np.clip(np.searchsorted(edges, values, side="right") - 1, 0, BINS - 1)
    return Histogram(
        measure="similarity",
        edges=tuple(edges.tolist()),
        counts=tuple(np.bincount(places, minlength=BINS).tolist()),
        log=False,
        median=float(np.median(values)),
        bounds=(),
    )

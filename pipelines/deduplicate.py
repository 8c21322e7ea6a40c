"""Deduplicate: clean -> signatures -> duplicates -> unique.

signatures   a crawl's own dataset: digest of the text, band keys; a later crawl never computes it again
duplicates   all crawls: bands nominate (the one shuffle), measured similarity decides, each removal has its keeper
unique       the documents that stay, and the ledger of the others
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from corpus.clusters import Removal, exact_duplicates, near_duplicates
from corpus.lake import Lake
from corpus.manifest import FileEntry, Manifest
from corpus.minhash import LIBRARIES, DuplicateConfig, band_keys, shingles, text_digest
from corpus.schema import DOC_ID, DROPPED, LEDGER, ledger_row
from pipelines.beam import beam
from pipelines.clean import CLEAN
from pipelines.elements import RunSplit, pack, unpack_groups
from pipelines.engine import Engine
from pipelines.parts import FileSplit, Part, Work, file_splits, put_rows
from pipelines.stage import Outcome, Plan, Stage, compute, each_split

SIGNATURES_STAGE, DUPLICATES_STAGE, UNIQUE_STAGE = "signatures", "duplicates", "unique"
VERSION = 1
BUCKETS = 32

SIGNATURE = pa.schema(
    [
        pa.field("doc_id", DOC_ID, nullable=False),
        pa.field("warc_file", pa.string(), nullable=False),
        pa.field("warc_offset", pa.int64(), nullable=False),
        pa.field("characters", pa.int64(), nullable=False),
        pa.field("text_digest", pa.binary(16), nullable=False),
        pa.field("bands", pa.list_(pa.uint64()), nullable=False),
    ]
)
CANDIDATES = pa.schema([pa.field("doc_ids", pa.list_(DOC_ID), nullable=False)])
REMOVAL = pa.schema(
    [
        pa.field("doc_id", DOC_ID, nullable=False),
        pa.field("keeper", DOC_ID, nullable=False),
        pa.field("measure", pa.string(), nullable=False),
        pa.field("similarity", pa.float64(), nullable=False),
    ]
)


def join_names(manifests: Sequence[Manifest]) -> str:
    return "+".join(manifest.partition for manifest in manifests)


# signatures ---------------------------------------------------------------------------------------------------------


def sign(lake: Lake, clean: Manifest, config: DuplicateConfig, engine: Engine) -> Outcome:
    """Publishes digest and band keys of every document of a crawl."""
    stage = Stage(
        name=SIGNATURES_STAGE,
        partition=clean.partition,
        version=VERSION,
        config=config,
        inputs={clean.name: clean.digest},
        libraries=LIBRARIES,
    )
    splits = file_splits(lake, {"documents": [clean]})
    return compute(lake, stage, engine, lambda: each_split(lake, stage, splits, Sign(config), [clean]))


class Sign(Work):
    schemas = {"signatures": SIGNATURE}

    def __init__(self, config: DuplicateConfig) -> None:
        self.config = config

    def process(self, lake: Lake, split: FileSplit, part: Part) -> None:
        for row in lake.read_rows(split.paths["documents"], ["doc_id", "warc_file", "warc_offset", "text"]):
            text = row.pop("text")
            keys = band_keys(shingles(text, self.config.shingle_words), self.config)
            part.keep("signatures", row | {"characters": len(text), "text_digest": text_digest(text), "bands": keys})


# duplicates ---------------------------------------------------------------------------------------------------------


def find_duplicates(
    lake: Lake, cleans: Sequence[Manifest], signatures: Sequence[Manifest], config: DuplicateConfig, engine: Engine
) -> Outcome:
    """Publishes which documents go, and for which one that stays. Crawls are taken in the order of their names."""
    stage = Stage(
        name=DUPLICATES_STAGE,
        partition=join_names(cleans),
        version=VERSION,
        config=config,
        inputs={manifest.name: manifest.digest for manifest in (*cleans, *signatures)},
        libraries=LIBRARIES,
    )

    def plan() -> Plan:
        folder = lake.path(stage.name, stage.address)
        splits = file_splits(lake, {"signatures": signatures})
        return Plan(
            splits=splits,
            transform=Nominate(lake.url, folder, config.bands()[0]),
            parts=[_bucket_name(bucket) for bucket in range(BUCKETS)],
            finish=lambda _rows, folder: _decide(lake, folder, cleans, signatures, config),
        )

    return compute(lake, stage, engine, plan)


def _bucket_name(bucket: int) -> str:
    return f"bucket-{bucket:03d}"


class Nominate(beam.PTransform):
    """Splits of signatures -> packed pairs by bucket -> groups of documents that share a band, a part a bucket."""

    def __init__(self, lake_url: str, folder: str, bands: int) -> None:
        super().__init__()
        self.lake_url, self.folder, self.bands = lake_url, folder, bands

    def expand(self, splits: beam.PCollection) -> beam.PCollection:
        return (
            splits
            | "Pack bands" >> beam.ParDo(PackBands(self.lake_url, self.bands))
            | "Shuffle" >> beam.GroupByKey()
            | "Name parts" >> beam.MapTuple(_bucket)
            | "Group" >> beam.ParDo(RunSplit(self.lake_url, self.folder, Group()))
        )


@dataclass(frozen=True, kw_only=True)
class Bucket:
    name: str
    weight: int
    packed: tuple[bytes, ...]


def _bucket(bucket: int, packed: Iterable[bytes]) -> Bucket:
    return Bucket(name=_bucket_name(bucket), weight=0, packed=tuple(packed))


class PackBands(beam.DoFn):
    def __init__(self, lake_url: str, bands: int) -> None:
        self.lake_url, self.bands = lake_url, bands

    def setup(self) -> None:
        self.lake = Lake(self.lake_url)

    def process(self, split: FileSplit) -> Iterator[tuple[int, bytes]]:
        signed = self.lake.read_table(split.paths["signatures"], ["doc_id", "bands"])
        keys = np.array(signed["bands"].to_pylist(), dtype=np.uint64).reshape(signed.num_rows, self.bands)
        doc_ids = np.array(signed["doc_id"].to_pylist(), dtype="V16")
        yield from pack(keys, doc_ids, BUCKETS)


class Group(Work):
    schemas = {"candidates": CANDIDATES}

    def process(self, lake: Lake, split: Bucket, part: Part) -> None:
        for group in unpack_groups(split.packed):
            part.add("candidates", {"doc_ids": group})


def _decide(
    lake: Lake, folder: str, cleans: Sequence[Manifest], signatures: Sequence[Manifest], config: DuplicateConfig
) -> tuple[list[FileEntry], dict[str, Any]]:
    doc_ids, digests = _in_keepers_order(lake, signatures)
    rank_of = {doc_id: rank for rank, doc_id in enumerate(doc_ids)}
    exact = exact_duplicates(digests)
    gone = {removal.document for removal in exact}
    groups = [
        ranks
        for bucket in range(BUCKETS)
        for row in lake.read_rows(f"{folder}/candidates/{_bucket_name(bucket)}.parquet")
        if len(ranks := [rank_of[doc_id] for doc_id in row["doc_ids"] if rank_of[doc_id] not in gone]) > 1
    ]
    shingled = _shingles(lake, cleans, {doc_ids[rank] for group in groups for rank in group}, config)
    near = near_duplicates(groups, lambda rank: shingled[doc_ids[rank]], config.threshold)
    rows = [
        {
            "doc_id": doc_ids[removal.document],
            "keeper": doc_ids[removal.keeper],
            "measure": removal.measure,
            "similarity": removal.similarity,
        }
        for removal in sorted(_staying_keepers(exact, near), key=lambda removal: removal.document)
    ]
    entry = put_rows(lake, folder, "removals/removals.parquet", rows, REMOVAL)
    return [entry], {"documents": len(doc_ids), "candidates": len(shingled)}


def _in_keepers_order(lake: Lake, signatures: Sequence[Manifest]) -> tuple[list[bytes], list[bytes]]:
    """(doc_ids, text digests): of two equal documents the one that comes first here stays: the earlier crawl's, then
    the longer, then by file and offset. So adding a later crawl never changes which document stays."""
    keyed = []
    columns = ["doc_id", "warc_file", "warc_offset", "characters", "text_digest"]
    for order, manifest in enumerate(signatures):
        for signed in lake.read(manifest, "signatures", columns):
            for row in signed.to_pylist():
                place = (order, -row["characters"], row["warc_file"], row["warc_offset"])
                keyed.append((place, row["doc_id"], row["text_digest"]))
    keyed.sort()
    return [doc_id for _, doc_id, _ in keyed], [digest for _, _, digest in keyed]


def _shingles(
    lake: Lake, cleans: Sequence[Manifest], wanted: set[bytes], config: DuplicateConfig
) -> dict[bytes, np.ndarray]:
    """Of the candidates alone: they are recomputed, for storing all would take more than the texts."""
    found = {}
    for split in file_splits(lake, {"documents": cleans}):
        for row in lake.read_rows(split.paths["documents"], ["doc_id", "text"]):
            if row["doc_id"] in wanted:
                found[row["doc_id"]] = shingles(row["text"], config.shingle_words)
    return found


def _staying_keepers(exact: list[Removal], near: list[Removal]) -> list[Removal]:
    """An exact duplicate whose keeper goes for another document goes for that one, to which it is just as similar."""
    moved = {removal.document: removal for removal in near}
    out = list(near)
    for removal in exact:
        onward = moved.get(removal.keeper)
        if onward is not None:
            removal = Removal(
                document=removal.document,
                keeper=onward.keeper,
                measure=onward.measure,
                similarity=onward.similarity,
            )
        out.append(removal)
    return out


# unique -------------------------------------------------------------------------------------------------------------


def deduplicate(lake: Lake, cleans: Sequence[Manifest], config: DuplicateConfig, engine: Engine) -> Outcome:
    """Publishes the documents of all crawls that are no duplicate of one that stays."""
    cleans = sorted(cleans, key=lambda manifest: manifest.partition)
    signatures = [sign(lake, clean, config, engine).manifest for clean in cleans]
    duplicates = find_duplicates(lake, cleans, signatures, config, engine).manifest
    stage = Stage(
        name=UNIQUE_STAGE,
        partition=join_names(cleans),
        version=VERSION,
        config=None,
        inputs={manifest.name: manifest.digest for manifest in (*cleans, duplicates)},
    )
    splits = file_splits(lake, {"documents": cleans})
    return compute(lake, stage, engine, lambda: each_split(lake, stage, splits, Keep(duplicates), cleans))


class Keep(Work):
    schemas = {"documents": CLEAN, "ledger": LEDGER}

    def __init__(self, duplicates: Manifest) -> None:
        self.duplicates = duplicates

    def setup(self, lake: Lake) -> None:
        rows = [row for found in lake.read(self.duplicates, "removals") for row in found.to_pylist()]
        self.removals = {row["doc_id"]: row for row in rows}

    def process(self, lake: Lake, split: FileSplit, part: Part) -> None:
        for document in lake.read_rows(split.paths["documents"]):
            removal = self.removals.get(document["doc_id"])
            if removal is None:
                part.figure("text_bytes", len(document["text"].encode()))
                part.figure(f"language:{document['language']}", 1)
                part.keep("documents", document)
                continue
            reason = "exact_duplicate" if removal["measure"] == "exact_text" else "near_duplicate"
            found = {"keeper": removal["keeper"], "similarity": removal["similarity"]}
            part.lose(ledger_row(document, UNIQUE_STAGE, DROPPED, reason, **found))

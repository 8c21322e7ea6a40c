"""Sign: clean -> signatures: a crawl's band keys, and the index by which a later crawl finds those that it shares.

Three phases, the last two in the place of a shuffle: every part's keys lie in a column a band, and who brings a band
together reads its column.

signatures   a file a part: digests and band keys of its documents, in their order
order        one file: the documents in the keeper's order; a document's rank is its row
bands        some bands a file: of each a column of keys, sorted, and one of ranks
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from corpus.duplicates.banding import LIBRARIES, SignatureConfig
from corpus.duplicates.keeper import OF_A_CRAWL, sort_by_keeper
from corpus.duplicates.urls import url_digests
from corpus.lake import stages
from corpus.lake.manifest import Manifest
from corpus.lake.parquet import parquet_writer
from corpus.lake.schema import DOC_ID
from corpus.lake.stage import Outcome, Stage
from corpus.lake.store import Lake
from pipelines.engine import Engine
from pipelines.parts import FileSplit, Part, Work, file_splits
from pipelines.plan import Plan, compute

STAGE = stages.SIGNATURES
VERSION = 3
ORDER = "order"
PAIRS = 1 << 22  # keys that are brought together at a time: of each some 40 bytes are in memory

IDENTITY = [
    pa.field("doc_id", DOC_ID, nullable=False),
    pa.field("fetched_at", pa.timestamp("s", tz="UTC")),
    *(pa.field(name, pa.uint64(), nullable=False) for name in ("digest", "digest_low", "url_digest", "url_digest_low")),
]
PLACE = [pa.field("warc_file", pa.string(), nullable=False), pa.field("warc_offset", pa.int64(), nullable=False)]
CHARACTERS = pa.field("characters", pa.int64(), nullable=False)
# `part` counts the files of the crawl's documents, `row` the rows of one.
RANKED = pa.schema(
    [*IDENTITY, pa.field("part", pa.int32(), nullable=False), pa.field("row", pa.int32(), nullable=False)]
)
READ = ["doc_id", "url", "warc_file", "warc_offset", "fetched_at", "text"]


@dataclass(frozen=True, kw_only=True)
class BandSplit:
    """Bands that are brought together in one part."""

    name: str
    bands: tuple[int, ...]
    weight: int = 1


def band_splits(bands: int, documents: int) -> list[BandSplit]:
    """As many bands a part as have PAIRS keys together: few parts of a small crawl, no large one of a large crawl."""
    together = max(1, PAIRS // max(1, documents))
    return [
        BandSplit(name=f"bands-{first:03d}", bands=tuple(range(first, min(first + together, bands))))
        for first in range(0, bands, together)
    ]


def read_bands(lake: Lake, signatures: Manifest, bands: Sequence[int]) -> list[tuple[np.ndarray, np.ndarray]]:
    """(keys, sorted, and their ranks) of each band."""
    found = []
    for split in band_splits(signatures.config["bands"], signatures.counts.kept):
        here = [band for band in bands if band in split.bands]
        if here:
            path = f"{lake.folder(signatures)}/bands/{split.name}.parquet"
            table = lake.read_table(path, [name(band) for band in here for name in (_keys, _ranks)])
            found += [(table[_keys(band)].to_numpy(), table[_ranks(band)].to_numpy()) for band in here]
    return found


def _keys(band: int) -> str:
    return f"keys_{band:03d}"


def _ranks(band: int) -> str:
    return f"ranks_{band:03d}"


def sign(lake: Lake, documents: Manifest, signing: SignatureConfig, engine: Engine) -> Outcome:
    """Publishes the signatures of a crawl's documents."""
    stage = Stage(
        name=STAGE,
        partition=documents.partition,
        version=VERSION,
        config=signing,
        datasets=[documents],
        libraries=LIBRARIES,
    )

    def plan() -> Plan:
        folder = lake.path(stage.name, stage.address)
        splits = file_splits(lake, {"documents": [documents]})
        parts = [split.name for split in splits]
        whole = [FileSplit(name=ORDER, weight=1, paths={})]
        bands = band_splits(signing.bands, documents.counts.kept)
        return Plan(
            phases=[(splits, Sign(signing)), (whole, Order(folder, parts)), (bands, Index(folder, parts))],
            parts=[*parts, ORDER, *(band.name for band in bands)],
            records=documents.counts.kept,
        )

    return compute(lake, stage, engine, plan)


class Sign(Work):
    def __init__(self, signing: SignatureConfig) -> None:
        self.signing = signing
        keys = [pa.field(_keys(band), pa.uint64(), nullable=False) for band in range(signing.bands)]
        self.schemas = {STAGE: pa.schema([*IDENTITY, *PLACE, CHARACTERS, *keys])}

    def process(self, lake: Lake, split: FileSplit, part: Part) -> None:
        from corpus.duplicates.minhash import (
            compute_band_keys,  # loads a compiler's runtime, which only the workers need
        )

        tables = []
        for batch in lake.read_batches(split.paths["documents"], READ):
            keys, digests = compute_band_keys(batch["text"], self.signing)
            urls = url_digests(batch["url"].to_pylist() if self.signing.urls else [None] * len(batch))
            columns = [
                *(batch["doc_id"], batch["fetched_at"], *digests.T, *urls.T, batch["warc_file"], batch["warc_offset"]),
                *(pc.utf8_length(batch["text"]).cast(pa.int64()), *keys.T),
            ]
            tables.append(pa.table([pa.array(column) for column in columns], schema=self.schemas[STAGE]))
        if tables:
            part.keep_table(STAGE, pa.concat_tables(tables).combine_chunks())


class Order(Work):
    """Puts all documents into the order in which they are kept (corpus.duplicates.keeper)."""

    schemas = {ORDER: RANKED}

    def __init__(self, folder: str, parts: Sequence[str]) -> None:
        self.folder, self.parts = folder, parts

    def process(self, lake: Lake, split: FileSplit, part: Part) -> None:
        columns = [field.name for field in (*IDENTITY, *PLACE, CHARACTERS)]
        found = [lake.read_table(f"{self.folder}/{STAGE}/{name}.parquet", columns) for name in self.parts]
        counts = [table.num_rows for table in found]
        signed = pa.concat_tables(found)
        order = sort_by_keeper(signed, OF_A_CRAWL)
        numbers = pa.array(np.repeat(np.arange(len(counts), dtype=np.int32), counts))
        rows = pa.array(np.concatenate([np.arange(count, dtype=np.int32) for count in counts]))
        ranked = signed.select([field.name for field in IDENTITY]).append_column("part", numbers)
        part.add_table(ORDER, ranked.append_column("row", rows).take(order).cast(RANKED))


class Index(Work):
    """Sorts the keys of some bands."""

    schemas = {}

    def __init__(self, folder: str, parts: Sequence[str]) -> None:
        self.folder, self.parts = folder, parts

    def process(self, lake: Lake, split: BandSplit, part: Part) -> None:
        from corpus.duplicates.groups import sort_order

        ranked = lake.read_table(f"{self.folder}/{ORDER}/{ORDER}.parquet", ["part", "row"])
        columns = [_keys(band) for band in split.bands]
        found = [lake.read_table(f"{self.folder}/{STAGE}/{name}.parquet", columns) for name in self.parts]
        starts = np.concatenate(([0], np.cumsum([table.num_rows for table in found])))
        places = starts[ranked["part"].to_numpy()] + ranked["row"].to_numpy()
        sorted_columns: dict[str, np.ndarray] = {}
        for band in split.bands:
            by_rank = np.concatenate([table[_keys(band)].to_numpy() for table in found])[places]
            ranks = sort_order(by_rank)
            sorted_columns |= {_keys(band): by_rank[ranks], _ranks(band): ranks.astype(np.uint32)}
        table, path = pa.table(sorted_columns), part.scratch / "bands.parquet"
        with parquet_writer(path, table.schema) as writer:
            writer.write_table(table)
        part.put(path, f"bands/{split.name}.parquet", table.num_rows)

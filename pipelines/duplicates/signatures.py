"""Sign: clean -> signatures: digests and band keys of a crawl's documents, sorted, by which copies are found."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from corpus.duplicates.banding import LIBRARIES, SignatureConfig
from corpus.duplicates.urls import url_digests
from corpus.lake import stages
from corpus.lake.manifest import Manifest
from corpus.lake.schema import DOC_ID
from corpus.lake.stage import Outcome, Stage
from corpus.lake.store import Lake
from pipelines.duplicates import splits
from pipelines.duplicates.index import SIGNED, IndexBands, IndexDocuments, keys_column
from pipelines.duplicates.kernels import CompiledWork
from pipelines.engine import Engine
from pipelines.parts import FileSplit, Part, Phase, file_splits
from pipelines.plan import Plan, compute

STAGE = stages.SIGNATURES
VERSION = 4
DIGESTS = ("digest", "digest_low", "url_digest", "url_digest_low")
READ = ["doc_id", "url", "fetched_at", "text"]


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
        splits.check_sizes([documents])
        folder = lake.path(stage.name, stage.address)
        files = file_splits(lake, {"documents": [documents]})
        runs = splits.make_runs(splits.document_files(documents), splits.TOGETHER)
        bands = [split for run in runs for split in splits.split_run(run, signing.bands)]
        phases: list[Phase] = [
            (files, Sign(signing)),
            (runs, IndexDocuments(folder, signing.urls)),
            (bands, IndexBands(folder)),
        ]
        parts = [split.name for dealt, _ in phases for split in dealt]
        return Plan(phases=phases, parts=parts, records=documents.counts.kept)

    return compute(lake, stage, engine, plan)


class Sign(CompiledWork):
    """Rows are those of a file of documents, in its order."""

    def __init__(self, signing: SignatureConfig) -> None:
        self.signing = signing
        fields = [
            pa.field("doc_id", DOC_ID, nullable=False),
            pa.field("fetched_at", pa.timestamp("s", tz="UTC")),
            *(pa.field(name, pa.uint64(), nullable=False) for name in DIGESTS),
            pa.field("characters", pa.int64(), nullable=False),
            *(pa.field(keys_column(band), pa.uint64(), nullable=False) for band in range(signing.bands)),
        ]
        self.schemas = {SIGNED: pa.schema(fields)}

    def process(self, lake: Lake, split: FileSplit, part: Part) -> None:
        from corpus.duplicates.minhash import (
            compute_band_keys,  # loads a compiler's runtime, which only the workers need
        )

        tables = []
        for batch in lake.read_batches(split.paths["documents"], READ):
            keys, digests = compute_band_keys(batch["text"], self.signing)
            urls = url_digests(batch["url"].to_pylist() if self.signing.urls else [None] * len(batch))
            characters = pc.utf8_length(batch["text"]).cast(pa.int64())
            columns = [batch["doc_id"], batch["fetched_at"], *digests.T, *urls.T, characters, *keys.T]
            tables.append(pa.table([pa.array(column) for column in columns], schema=self.schemas[SIGNED]))
        if tables:
            part.keep_table(SIGNED, pa.concat_tables(tables).combine_chunks())

"""Sizes: bytes of the job graph and of its splits, for crawls of ever more files and blocks.

The graph is the one that pipelines.engine hands to a runner of Beam, with the names that files of Common Crawl have.
"""

from __future__ import annotations

import pickle
from hashlib import sha256
from typing import Any

from corpus.sources.listing import SourceFile
from pipelines.beam import PipelineOptions, beam
from pipelines.blocks import Block, Ingest, IngestConfig
from pipelines.remote.phases import Phases
from pipelines.second_pass import Settle, Settled

FILES = (50, 100, 200)
BLOCKS = (1, 8, 62)  # of a file of 1 GB: whole, 128 MiB, 16 MiB
NAME = "segments/1733066460657.93/warc/CC-MAIN-20241209024434-20241209054434-{number:05d}.warc.gz"
FILE_BYTES = 1_000_000_000


def blocks(files: int, each: int) -> list[Block]:
    found = []
    for number in range(files):
        name = NAME.format(number=number)
        file = SourceFile(
            name=name,
            url=f"s3://commoncrawl/crawl-data/CC-MAIN-2024-51/{name}",
            bytes=FILE_BYTES,
            sha256=sha256(name.encode()).hexdigest(),
            splittable=True,
        )
        size = -(-FILE_BYTES // each)
        for start in range(0, FILE_BYTES, size):
            stop = min(start + size, FILE_BYTES)
            found.append(Block(name=f"part-{len(found):05d}", file=file, start=start, stop=stop))
    return found


def graph_bytes(splits: list[Block]) -> int:
    """Of the graph of ingestion: the splits of its first phase, and again those that are settled in its second."""
    lake, folder = "s3://bucket/lake", "bucket/lake/documents/0"
    work = Ingest("CC-MAIN-2024-51", IngestConfig(), {}, frozenset({"web"}))
    phases = [(splits, work), ([Settled(blocks=tuple(splits))], Settle(work, folder))]
    pipeline = beam.Pipeline(options=PipelineOptions([]))
    pipeline | Phases(lake, folder, phases)
    return int(pipeline.to_runner_api().ByteSize())


def measure() -> list[dict[str, Any]]:
    """A row for each number of files and blocks a file."""
    rows = []
    for each in BLOCKS:
        for files in FILES:
            splits = blocks(files, each)
            rows.append(
                {
                    "files": files,
                    "blocks": each,
                    "splits": len(splits),
                    "graph": graph_bytes(splits),
                    "pickled": len(pickle.dumps(splits)),
                }
            )
    return rows

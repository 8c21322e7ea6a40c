"""River: the same documents through the Beam pipeline, as `python -m pipelines deduplicate` does it, with one worker.

    python -m benchmarks.dedup.river DOCUMENTS SURVIVORS

From a crawl's published clean dataset to its published unique one: signatures with their index, duplicates, the ledger,
digests of all files. Then the last tenth of the documents as a crawl of its own, added when the others are done. As
elsewhere imports are not counted, and a run over a few documents comes first. Prints seconds as JSON.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.dedup.spent import WARM, Spent, main
from corpus.banding import DuplicateConfig
from corpus.lake import ROWS, Lake
from corpus.manifest import Counts, Manifest
from corpus.privacy import KINDS
from corpus.schema import parquet_writer
from pipelines.clean import CLEAN
from pipelines.deduplicate import deduplicate as publish_unique
from pipelines.engine import Engine

ADDED = 10  # one in so many documents
FILE = 2_500  # documents


def deduplicate(documents: Path, place: Path, spent: Spent, options: Sequence[str]) -> list[str]:
    texts = pq.read_table(documents)
    kept = texts.num_rows - texts.num_rows // ADDED
    whole, parts = Lake(str(place / "whole")), Lake(str(place / "parts"))
    everything = published(whole, "crawl", texts)
    first, second = published(parts, "crawl-1", texts.slice(0, kept)), published(parts, "crawl-2", texts.slice(kept))
    few = published(Lake(str(place / "few")), "crawl", texts.slice(0, WARM))
    engine, config = Engine(workers=1), DuplicateConfig()
    with spent.lap("few"):  # what the pipelines cost whatever they work on
        publish_unique(Lake(str(place / "few")), [few], config, engine)
    with spent.lap("whole"):
        [outcome] = publish_unique(whole, [everything], config, engine)
    with spent.lap("before"):
        publish_unique(parts, [first], config, engine)
    with spent.lap("added"):
        publish_unique(parts, [first, second], config, engine)
    found = whole.read(outcome.manifest, "documents", ["url"])
    return [url.rpartition("/")[2] for table in found for url in table["url"].to_pylist()]


def published(lake: Lake, partition: str, documents: pa.Table) -> Manifest:
    """A clean dataset of documents with an id and a text."""
    plain = Manifest(
        stage="clean",
        partition=partition,
        code_version="benchmark",
        config={},
        inputs={},
        files=(),
        counts=Counts(records_in=documents.num_rows, kept=documents.num_rows),
    )
    entries = []
    with lake.scratch() as scratch:
        for number, start in enumerate(range(0, documents.num_rows, FILE)):
            path = Path(scratch) / "part.parquet"
            rows = [
                _row(identifier, text, start + place)
                for place, (identifier, text) in enumerate(
                    zip(*(documents.slice(start, FILE)[name].to_pylist() for name in ("id", "text")), strict=True)
                )
            ]
            with parquet_writer(path, CLEAN) as writer:
                writer.write_table(pa.Table.from_pylist(rows, CLEAN), row_group_size=ROWS)
            entries.append(lake.put(path, lake.folder(plain), f"documents/part-{number:05d}.parquet", len(rows)))
    return lake.publish(Manifest(**{**vars(plain), "files": tuple(entries)}), {})


def _row(identifier: str, text: str, place: int) -> dict[str, Any]:
    return {
        "doc_id": hashlib.sha256(identifier.encode()).digest()[:16],
        "url": f"https://example.com/{identifier}",
        "host": "example.com",
        "warc_file": "documents.warc.gz",
        "warc_offset": place,
        "warc_length": 0,
        "payload_digest": "",
        "html_bytes": 0,
        "charset": "utf-8",
        "title": "",
        "flags": [],
        "text": text,
        "language": "en",
        "language_score": 1.0,
        "masked": dict.fromkeys(KINDS, 0),
    }


if __name__ == "__main__":
    main(deduplicate)

"""River: the same documents through the Beam pipeline, as `python -m pipelines deduplicate` does it, with one worker.

    python -m benchmarks.dedup.river DOCUMENTS SURVIVORS

From a crawl's published clean dataset to its published unique one: signatures with their index, duplicates, the ledger,
digests of all files. Then the same for LARGE times as many documents (the same texts again, each word with a letter
before it, so that they are copies of one another as the others are), in which what a pipeline costs whatever it works
on counts for little. And for a tenth of these as a crawl of its own, added when the others are done: the last tenth,
and every tenth document, which has copies in all parts of the earlier crawl. As elsewhere imports are not counted, and
a run over a few documents comes first. Prints seconds as JSON.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from benchmarks.dedup.report import LARGE
from benchmarks.dedup.spent import WARM, Spent, main
from corpus.duplicates.banding import DuplicateConfig
from corpus.lake.manifest import Counts, Manifest
from corpus.lake.parquet import parquet_writer
from corpus.lake.store import ROWS, Lake
from corpus.privacy.mask import KINDS
from pipelines.cleaning import CLEAN
from pipelines.deduplication import deduplicate as publish_unique
from pipelines.engine import Engine

ADDED = 10  # one in so many documents
FILE = 2_500  # documents


def deduplicate(documents: Path, place: Path, spent: Spent, options: Sequence[str]) -> list[str]:
    texts = pq.read_table(documents)
    large = pa.concat_tables([texts, *(again(texts, letter) for letter in "qxz"[: LARGE - 1])])
    places = np.arange(large.num_rows)
    new = {"last": places >= large.num_rows - large.num_rows // ADDED, "every": places % ADDED == 0}
    engine, config = Engine(workers=1), DuplicateConfig()

    def timed(lap: str, lake: Lake, *crawls: pa.Table) -> None:
        cleans = [published(lake, f"crawl-{number}", crawl) for number, crawl in enumerate(crawls)]
        with spent.lap(lap):
            publish_unique(lake, cleans, config, engine)

    whole = Lake(str(place / "whole"))
    timed("few", Lake(str(place / "few")), texts.slice(0, WARM))  # what the pipelines cost whatever they work on
    timed("whole", whole, texts)
    timed("large", Lake(str(place / "large")), large)
    for name, chosen in new.items():
        lake, earlier = Lake(str(place / name)), large.filter(pa.array(~chosen))
        timed(f"before {name}", lake, earlier)
        timed(f"added {name}", lake, earlier, large.filter(pa.array(chosen)))
    [outcome] = whole.datasets("unique")
    found = whole.read(outcome, "documents", ["url"])
    return [url.rpartition("/")[2] for table in found for url in table["url"].to_pylist()]


def again(documents: pa.Table, letter: str) -> pa.Table:
    """The same documents in other words."""
    texts = pc.replace_substring(documents["text"], " ", f" {letter}")
    return pa.table({"id": pc.binary_join_element_wise(documents["id"], letter, "-"), "text": texts})


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

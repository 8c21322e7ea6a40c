"""Documents: many short made-up ones of which some are copies, published as a crawl's clean documents."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from corpus.lake.manifest import Counts, Manifest
from corpus.lake.parquet import parquet_writer
from corpus.lake.store import ROWS, Lake
from corpus.privacy.mask import KINDS
from pipelines.cleaning import CLEAN

FILE = 20_000  # documents
WORDS, LEAST, MOST = 40_000, 60, 140  # of the vocabulary; of a document
EXACT, NEAR = 0.15, 0.15  # shares of documents that are copies of one before them in their file or the one before
CHANGED = 0.01  # of the words of a near copy


def publish_documents(lake: Lake, partition: str, count: int) -> Manifest:
    """About 600 characters each, the same for the same count."""
    plain = Manifest(
        stage="clean",
        partition=partition,
        code_version="benchmark",
        config={},
        inputs={},
        files=(),
        counts=Counts(records_in=count, kept=count),
    )
    vocabulary = pa.array([f"word{number:x}" for number in range(WORDS)])
    entries, before = [], (np.empty(0, np.int64), np.zeros(1, np.int64))
    with lake.scratch() as scratch:
        for number, start in enumerate(range(0, count, FILE)):
            rng = np.random.default_rng(number)
            before = _texts(min(FILE, count - start), before, rng)
            path = scratch / "part.parquet"
            with parquet_writer(path, CLEAN) as writer:
                writer.write_table(_table(start, before, vocabulary), row_group_size=ROWS)
            entries.append(
                lake.put(path, lake.folder(plain), f"documents/part-{number:05d}.parquet", len(before[1]) - 1)
            )
    return lake.publish(Manifest(**{**vars(plain), "files": tuple(entries)}), {})


def _texts(
    count: int, before: tuple[np.ndarray, np.ndarray], rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """(words of all documents, where each document's begin and the last one's end)."""
    known = [before[0][start:stop] for start, stop in zip(before[1][:-1], before[1][1:], strict=True)]
    made: list[np.ndarray] = []
    for kind in rng.random(count):
        if kind >= EXACT + NEAR or not (known or made):
            made.append(rng.integers(0, WORDS, rng.integers(LEAST, MOST)))
            continue
        place = int(rng.integers(len(known) + len(made)))
        words = (known[place] if place < len(known) else made[place - len(known)]).copy()
        if kind >= EXACT:
            changed = rng.random(len(words)) < CHANGED
            words[changed] = rng.integers(0, WORDS, np.count_nonzero(changed))
        made.append(words)
    return np.concatenate(made), np.concatenate(([0], np.cumsum([len(words) for words in made])))


def _table(start: int, texts: tuple[np.ndarray, np.ndarray], vocabulary: pa.Array) -> pa.Table:
    words, bounds = texts
    count = len(bounds) - 1
    lists = pa.ListArray.from_arrays(pa.array(bounds.astype(np.int32)), vocabulary.take(pa.array(words)))
    numbers = np.arange(start, start + count)
    names = [f"doc-{number:09d}" for number in numbers]
    columns = {
        "doc_id": [name.encode().ljust(16, b"-") for name in names],
        "url": [f"https://example.com/{name}" for name in names],
        "host": ["example.com"] * count,
        "warc_file": ["documents.warc.gz"] * count,
        "warc_offset": numbers,
        "warc_length": np.zeros(count, np.int64),
        "payload_digest": [""] * count,
        "html_bytes": np.zeros(count, np.int64),
        "charset": ["utf-8"] * count,
        "title": [""] * count,
        "flags": [[]] * count,
        "text": pc.binary_join(lists, " "),
        "language": ["en"] * count,
        "language_score": np.ones(count),
        "masked": [dict.fromkeys(KINDS, 0)] * count,
    }
    fields = [
        pa.nulls(count, field.type) if field.name not in columns else _column(columns[field.name], field.type)
        for field in CLEAN
    ]
    return pa.table(fields, schema=CLEAN)


def _column(values: object, kind: pa.DataType) -> pa.Array:
    found = values if isinstance(values, pa.Array) else pa.array(values)
    return found.cast(kind) if found.type != kind and not pa.types.is_nested(kind) else pa.array(values, kind)

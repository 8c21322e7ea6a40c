"""Documents: many short made-up ones of which some are copies, published as a crawl's clean documents."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from benchmarks.dedup.river import published
from corpus.lake.manifest import Manifest
from corpus.lake.store import Lake

TOGETHER = 20_000  # documents that are made at a time
WORDS, LEAST, MOST = 40_000, 60, 140  # of the vocabulary; of a document
EXACT, NEAR = 0.15, 0.15  # shares of documents that are copies of one before them, made with them or just before
CHANGED = 0.01  # of the words of a near copy


def publish_documents(lake: Lake, partition: str, count: int) -> Manifest:
    """About 600 characters each, the same for the same count."""
    vocabulary = pa.array([f"word{number:x}" for number in range(WORDS)])
    before = (np.empty(0, np.int64), np.zeros(1, np.int64))
    texts = []
    for number, start in enumerate(range(0, count, TOGETHER)):
        words, bounds = before = _texts(min(TOGETHER, count - start), before, np.random.default_rng(number))
        lists = pa.ListArray.from_arrays(pa.array(bounds.astype(np.int32)), vocabulary.take(pa.array(words)))
        texts.append(pc.binary_join(lists, " "))
    names = [f"doc-{number:09d}" for number in range(count)]
    return published(lake, partition, pa.table({"id": names, "text": pa.chunked_array(texts)}))


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

"""Baseline texts: a sample of held-out documents, or of texts of a user's own, the same each time."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from heapq import nsmallest

from corpus.lake.stages import SPLIT
from corpus.lake.store import Lake
from corpus.sources.rows import Columns
from headwater.crawl_texts import read_texts


def texts_of_lake(lake: Lake, count: int) -> list[str]:
    """Of the held-out documents, at most `count`. Raises ValueError where there are none."""
    tables = (table for split in lake.datasets(SPLIT) for table in lake.read(split, "heldout", ["text"]))
    found = _sample((text for table in tables for text in table["text"].to_pylist()), count)
    if not found:
        raise ValueError(f"the lake {lake.url} has no held-out documents of this recipe; run it, or give --texts")
    return found


def texts_of_files(urls: Sequence[str], count: int) -> list[str]:
    """Of paths or URLs as a crawl's. Raises ValueError or OSError naming what cannot be read."""
    return _sample(read_texts(urls, Columns()), count)


def _sample(texts: Iterable[str], count: int) -> list[str]:
    """Whole texts, those that come first by a hash of their content."""
    return nsmallest(count, filter(None, texts), key=lambda text: hashlib.sha256(text.encode()).digest())

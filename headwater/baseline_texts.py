"""Baseline texts: a sample of held-out documents, or of texts of a user's own, the same each time. They are whole, as
their lengths are compared."""

from __future__ import annotations

from collections.abc import Sequence

from corpus.lake.stages import SPLIT
from corpus.lake.store import Lake
from corpus.sources.rows import Columns
from headwater.crawl_texts import read_texts
from training.risks.texts import first_texts, first_texts_of


def texts_of_lake(lake: Lake, count: int) -> list[str]:
    """Of the held-out documents, at most `count`. Raises ValueError where there are none."""
    found = first_texts_of(lake, lake.datasets(SPLIT), "heldout", count, longest=None)
    if not found:
        raise ValueError(f"the lake {lake.url} has no held-out documents of this recipe; run it, or give --texts")
    return found


def texts_of_files(urls: Sequence[str], count: int) -> list[str]:
    """Of paths or URLs as a crawl's. Raises ValueError or OSError naming what cannot be read."""
    return first_texts(read_texts(urls, Columns()), count, longest=None)

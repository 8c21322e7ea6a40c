"""Texts: what a model was trained on, and what it was not, as samples that are the same each time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from corpus.lake.stages import SPLIT
from corpus.lake.store import Lake
from corpus.sources.rows import Columns
from headwater.crawl_texts import read_texts
from training.risks.texts import first_texts, first_texts_of


@dataclass(frozen=True, kw_only=True)
class Texts:
    seen: Sequence[str]
    unseen: Sequence[str]


def texts_of_lake(lake: Lake, count: int) -> Texts:
    """`count` of the training documents and of the held-out ones, at most. Raises ValueError where there are none."""
    found = {kind: first_texts_of(lake, lake.datasets(SPLIT), kind, count) for kind in ("train", "heldout")}
    if not all(found.values()):
        raise ValueError(f"the lake {lake.url} has no split of this recipe; run it, or give --seen and --unseen")
    return Texts(seen=found["train"], unseen=found["heldout"])


def texts_of_files(seen: Sequence[str], unseen: Sequence[str], count: int) -> Texts:
    """Of paths or URLs as a crawl's. Raises ValueError or OSError naming what cannot be read."""
    return Texts(
        seen=first_texts(read_texts(seen, Columns()), count), unseen=first_texts(read_texts(unseen, Columns()), count)
    )

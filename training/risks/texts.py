"""Texts: a sample that is the same each time, whatever the order in which they come. Needs no torch."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from heapq import nsmallest

import numpy as np

from corpus.lake.manifest import Manifest
from corpus.lake.store import Lake

LONGEST = 4_000  # characters of a text that are read: risks are shares, and a long text costs as much as many


@dataclass(frozen=True, kw_only=True)
class ScoredTexts:
    """`nats` (texts,): how much a model loses on each of the texts."""

    texts: Sequence[str]
    nats: np.ndarray


def first_texts(texts: Iterable[str], count: int, longest: int | None = LONGEST) -> list[str]:
    """Those that come first by a hash of their content, cut to `longest` characters, None for whole ones; of a smaller
    number a part."""
    hashed = ((hashlib.sha256(text.encode()).digest(), text[:longest]) for text in texts if text)
    return [text for _, text in nsmallest(count, hashed)]


def first_texts_of(
    lake: Lake, splits: Iterable[Manifest], kind: str, count: int, longest: int | None = LONGEST
) -> list[str]:
    """`first_texts` of the documents of datasets `split`; `kind`: "train" or "heldout"."""
    tables = (table for split in splits for table in lake.read(split, kind, ["text"]))
    return first_texts((text for table in tables for text in table["text"].to_pylist()), count, longest)

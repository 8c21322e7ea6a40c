"""Held out: pages that neither the tokenizer nor training may see, nor anything nearly like them.

A page is held out by the hash of its URL: the same page in every run, and in a later crawl as long as `share` alone
decides (where pages are few, `min_pages` moves the bound as more come).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from corpus.lake.manifest import sha256


@dataclass(frozen=True, kw_only=True)
class HeldOutConfig:
    """`share` of the pages is held out, and at least `min_pages` of them (half of them where there are fewer than
    twice as many). A training page goes when its Jaccard similarity to a held-out page reaches `similarity`, or it
    holds `containment` of a held-out page's shingles.

    `training_words`: of the other pages at most so many words, as spaces separate them, are left for the tokenizer and
    training; None: all. Pages are whole and come by the hash of their URL, so that what a smaller number keeps is part
    of what a larger one keeps."""

    share: float = 0.05
    min_pages: int = 8
    similarity: float = 0.5
    containment: float = 0.8
    shingle_words: int = 5
    training_words: int | None = None

    def __post_init__(self) -> None:
        if self.training_words is not None and self.training_words < 1:
            raise ValueError(f"training_words {self.training_words}: at least 1 is needed; none is all")


def choose_held_out(urls: Sequence[str], config: HeldOutConfig) -> np.ndarray:
    """Boolean mask, shape (pages,). Raises ValueError when there are fewer than two pages to divide."""
    if len(urls) < 2:
        raise ValueError(f"{len(urls)} page survived: at least 2 are needed, one to train on and one to hold out")
    positions = _positions(urls)
    enough = min(config.min_pages, len(urls) // 2)
    return positions <= max(config.share, np.sort(positions)[enough - 1])


def choose_first_words(urls: Sequence[str], words: np.ndarray, limit: int) -> np.ndarray:
    """Boolean mask, shape (pages,): pages in the order of their hashes up to the first that would make more than
    `limit` words; `words`, int64 (pages,): of each."""
    order = np.argsort(_positions(urls), kind="stable")
    chosen = np.zeros(len(urls), bool)
    chosen[order] = np.cumsum(words[order]) <= limit
    return chosen


def _positions(urls: Sequence[str]) -> np.ndarray:
    """Float64 in [0, 1), shape (pages,)."""
    return np.array([int(sha256(url.encode())[:16], 16) / 2**64 for url in urls])


class HeldOutIndex:
    """The shingles of the held-out pages: tells, exactly, how much of one is in a training page."""

    def __init__(self, shingled: Sequence[np.ndarray], config: HeldOutConfig) -> None:
        self._config = config
        self._sizes = np.array([len(page) for page in shingled], dtype=np.int64)
        values = np.concatenate(shingled) if shingled else np.empty(0, dtype=np.uint64)
        owners = np.repeat(np.arange(len(shingled)), self._sizes)
        order = np.argsort(values, kind="stable")
        self._values, self._owners = values[order], owners[order]

    def closest(self, page: np.ndarray) -> tuple[int, float, float]:
        """(held-out page, Jaccard, containment of it in `page`); -1 for none.

        Of several, the one that comes closest to a bound of the configuration, or is farthest beyond it: a short page
        that is half contained must not hide a long one that is half equal.
        """
        first = np.searchsorted(self._values, page, side="left")
        last = np.searchsorted(self._values, page, side="right")
        spans = [self._owners[start:stop] for start, stop in zip(first, last, strict=True) if stop > start]
        if not spans:
            return -1, 0.0, 0.0
        common = np.bincount(np.concatenate(spans), minlength=len(self._sizes))
        jaccard = common / (self._sizes + len(page) - common)
        containment = common / np.maximum(1, self._sizes)
        best = int(np.argmax(np.maximum(jaccard / self._config.similarity, containment / self._config.containment)))
        return best, float(jaccard[best]), float(containment[best])

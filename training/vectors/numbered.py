"""Numbered: texts as runs of numbers, one for each word that occurs often enough to be learnt."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, kw_only=True)
class NumberedTexts:
    """T texts that hold N words of a vocabulary of V.

    `words`, `counts` (V,) int64: the vocabulary and how often each occurs, the most frequent first. `numbers` (N,)
    int32: the words of all texts in a row. `bounds` (T + 1,) int64: text i has the numbers from bounds[i] to
    bounds[i + 1]. `total`: words of all texts, those that are too rare included.
    """

    words: list[str]
    counts: np.ndarray
    numbers: np.ndarray
    bounds: np.ndarray
    total: int

    def pieces(self, longest: int) -> Iterator[np.ndarray]:
        """The numbers of each text, of a longer one so many at a time."""
        for start, end in zip(self.bounds[:-1].tolist(), self.bounds[1:].tolist(), strict=True):
            for first in range(start, end, longest):
                yield self.numbers[first : min(end, first + longest)]


def number_texts(texts: Iterable[list[str]], min_count: int) -> NumberedTexts:
    """`texts`: the words of each, read once.

    Raises ValueError where fewer than two words occur `min_count` times."""
    seen: dict[str, int] = {}
    numbers, bounds = array("i"), array("q", [0])
    for words in texts:
        numbers.extend([seen.setdefault(word, len(seen)) for word in words])
        bounds.append(len(numbers))
    every = np.frombuffer(numbers, np.int32) if numbers else np.empty(0, np.int32)
    counts = np.bincount(every, minlength=len(seen))
    spelled = list(seen)
    chosen = sorted(
        np.flatnonzero(counts >= min_count).tolist(), key=lambda number: (-int(counts[number]), spelled[number])
    )
    if len(chosen) < 2:
        raise ValueError(
            f"of {len(seen):,} words in {len(bounds) - 1:,} texts {len(chosen)} occur {min_count} times or more: give "
            "more texts, or a smaller --min-count"
        )
    renumbered = np.full(len(seen), -1, np.int32)
    renumbered[chosen] = np.arange(len(chosen), dtype=np.int32)
    every = renumbered[every]
    kept = every >= 0
    before = np.concatenate([[0], np.cumsum(kept)])  # how many of the first n words are kept
    return NumberedTexts(
        words=[spelled[number] for number in chosen],
        counts=counts[chosen],
        numbers=every[kept],
        bounds=before[np.frombuffer(bounds, np.int64)],
        total=len(every),
    )

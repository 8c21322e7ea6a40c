"""Banding: how alike two documents must be to be one too many, and the bands of a signature that find such pairs.

Source: Leskovec, Rajaraman, Ullman, "Mining of Massive Datasets", chapter 3.4.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from math import comb
from typing import Literal

import numpy as np

from corpus.config import check_choices

LIBRARIES = {"datasketch": version("datasketch")}
HIGHEST, STEP = 0.95, 0.05
MISSED = 1e-5


@dataclass(frozen=True, kw_only=True)
class SignatureConfig:
    """What decides the band keys of a text: only those made alike can be compared. `urls`: whether URLs are digested
    too."""

    bands: int
    rows: int
    shingle_words: int
    seed: int
    urls: bool


@dataclass(frozen=True, kw_only=True)
class DuplicateConfig:
    """`threshold`: a document is removed when its similarity to one that stays is at least this. `measure`: their
    Jaccard similarity, or how much of the document's shingles the one that stays contains. `same_url`: of documents
    with one canonical URL, "keep" leaves all to the comparison of texts, "first" and "latest" leave the one that was
    fetched then, but never one of a crawl in the place of an earlier one's.
    `scope`: whether crawls are compared with earlier ones, each with itself, or not at all, and all documents stay.
    `crawls`: ids of those that come first, in this order; the others follow by name.
    """

    threshold: float = 0.8
    measure: Literal["jaccard", "containment"] = "jaccard"
    scope: Literal["together", "apart", "off"] = "together"
    same_url: Literal["keep", "first", "latest"] = "keep"
    permutations: int = 128
    shingle_words: int = 5
    seed: int = 1
    crawls: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        check_choices(self)
        if not 0 < self.threshold <= 1:
            raise ValueError(f"threshold {self.threshold}: a similarity above 0 and at most 1 is needed")
        if self.permutations < 16 or self.shingle_words < 1:
            raise ValueError(
                f"permutations {self.permutations}, shingle_words {self.shingle_words}: at least 16 and 1 are needed"
            )

    def candidate_similarity(self) -> float:
        """The Jaccard similarity from which pairs are candidates: the threshold, or what two texts have of which one is
        half as long as the other and has just so much of it in common. A shorter one may be missed."""
        return self.threshold if self.measure == "jaccard" else self.threshold / (3 - self.threshold)

    def signing(self) -> SignatureConfig:
        bands, rows = choose_bands(self.candidate_similarity(), self.permutations)
        return SignatureConfig(
            bands=bands,
            rows=rows,
            shingle_words=self.shingle_words,
            seed=self.seed,
            urls=self.same_url != "keep",
        )

    def min_shared_bands(self) -> int:
        """In how many bands a pair must agree to be a candidate: as many as can be asked for without missing more."""
        similarity = self.candidate_similarity()
        bands, rows = choose_bands(similarity, self.permutations)
        counts = range(2, bands + 1)
        return max(
            (count for count in counts if 1 - candidate_probability(similarity, bands, rows, count) <= MISSED),
            default=1,
        )


def candidate_probability(similarity: float, bands: int, rows: int, agreeing: int) -> float:
    """The probability that a pair of this Jaccard similarity agrees in so many bands: the S-curve."""
    band = similarity**rows
    return 1 - sum(comb(bands, hits) * band**hits * (1 - band) ** (bands - hits) for hits in range(agreeing))


@cache
def choose_bands(threshold: float, permutations: int) -> tuple[int, int]:
    """(bands, rows) that datasketch finds optimal for the highest similarity, from the threshold downwards, with which
    a pair at the threshold itself is missed no more often than MISSED. Its own for the threshold would miss half of the
    pairs that have just that. Where there is none (below 0.42 with 128 permutations): as many bands of two rows as can
    be, for bands of one would nominate whatever shares a phrase.
    """
    from datasketch import MinHashLSH  # brings scipy, 0.4 s, which most commands have no use for

    for target in np.arange(min(threshold, HIGHEST), STEP, -STEP):  # above, it finds no two bands
        lsh = MinHashLSH(threshold=float(target), num_perm=permutations, weights=(0.1, 0.9))
        if lsh.r > 1 and 1 - candidate_probability(threshold, lsh.b, lsh.r, 1) <= MISSED:
            return lsh.b, lsh.r
    return permutations // 2, 2

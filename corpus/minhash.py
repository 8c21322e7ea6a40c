"""MinHash: text -> shingles -> bands of a signature. Equal bands nominate a pair; `jaccard` decides.

Sources: Broder 1997, "On the resemblance and containment of documents"; Leskovec, Rajaraman, Ullman, "Mining of
Massive Datasets", chapter 3. Signatures and the choice of bands are datasketch's.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version

import numpy as np
import xxhash

from corpus.text import words

LIBRARIES = {"datasketch": version("datasketch"), "xxhash": version("xxhash")}
BATCH = 8_192  # shingles a step: bounds the memory of one update to BATCH x permutations x 8 bytes


@dataclass(frozen=True, kw_only=True)
class DuplicateConfig:
    """`threshold`: a document is removed when its Jaccard similarity to one that stays is at least this.
    `nominate_from`: the similarity that the bands are chosen for. Lower than the threshold, so that a pair at the
    threshold is nominated with probability .9999 (25 bands of 5 rows) and what is nominated in vain is only measured.
    """

    threshold: float = 0.8
    nominate_from: float = 0.6
    permutations: int = 128
    shingle_words: int = 5
    seed: int = 1

    def bands(self) -> tuple[int, int]:
        """(bands, rows) that datasketch finds optimal, a missed pair counting nine times a vain one."""
        return _best_bands(self.nominate_from, self.permutations)


@cache
def _best_bands(threshold: float, permutations: int) -> tuple[int, int]:
    """It integrates the curves of all choices, which takes 20 ms: forty times as long as signing a document."""
    from datasketch import MinHashLSH  # brings scipy, 0.4 s, which most commands have no use for

    lsh = MinHashLSH(threshold=threshold, num_perm=permutations, weights=(0.1, 0.9))
    return lsh.b, lsh.r


def text_digest(text: str) -> bytes:
    """16 bytes, equal for texts that differ in case and white space alone."""
    return hashlib.blake2b(" ".join(text.lower().split()).encode(), digest_size=16).digest()


def shingles(text: str, size: int) -> np.ndarray:
    """Sorted, distinct 64-bit hashes of all runs of `size` words, shape (shingles,), uint64.

    A text shorter than that is one shingle, and one without words (emoji, punctuation) is a word of its own; so equal
    short texts are equal, and different ones are not.
    """
    tokens = words(text) or [" ".join(text.split())]
    codes = {token: xxhash.xxh3_64_intdigest(token.encode()) for token in set(tokens)}
    hashed = np.fromiter((codes[token] for token in tokens), dtype=np.uint64, count=len(tokens))
    runs = max(1, len(hashed) - size + 1)
    total = np.zeros(runs, dtype=np.uint64)
    for place in range(min(size, len(hashed))):
        total = total * np.uint64(0x9E3779B97F4A7C15) + hashed[place : place + runs]
    total ^= total >> np.uint64(29)
    return np.unique(total * np.uint64(0xBF58476D1CE4E5B9))


def band_keys(shingled: np.ndarray, config: DuplicateConfig) -> np.ndarray:
    """One 64-bit key a band, shape (bands,), uint64: documents that share one are candidates."""
    from datasketch import MinHash

    sketch = MinHash(num_perm=config.permutations, seed=config.seed, hashfunc=int, scheme="affine64")
    for start in range(0, len(shingled), BATCH):
        sketch.update_batch(shingled[start : start + BATCH])
    bands, rows = config.bands()
    values = np.ascontiguousarray(sketch.hashvalues[: bands * rows].reshape(bands, rows))
    keys = [xxhash.xxh3_64_intdigest(row.tobytes(), seed=band) for band, row in enumerate(values)]
    return np.array(keys, dtype=np.uint64)


def jaccard(left: np.ndarray, right: np.ndarray) -> float:
    """|A and B| / |A or B| of two sorted sets of shingles, exactly."""
    common = len(np.intersect1d(left, right, assume_unique=True))
    return common / (len(left) + len(right) - common)

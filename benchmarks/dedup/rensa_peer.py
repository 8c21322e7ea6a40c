"""rensa: its deduplicator, fed with word 5-grams, which its user has to make.

A document goes when its signature is nearer than the threshold to that of one that stays. Signatures alone are its
`digest_matrix_from_token_sets`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import pyarrow.parquet as pq
from rensa import RMinHash, RMinHashDeduplicator

from benchmarks.dedup.spent import Spent, main

THRESHOLD, PERMUTATIONS, WORDS, BATCH = 0.8, 128, 5, 1_000
WORD = re.compile(r"\w+")


def deduplicate(documents: Path, place: Path, spent: Spent, options: Sequence[str]) -> list[str]:
    """With `signatures` among the options these alone, and everything stays."""
    with spent.lap("read"):
        table = pq.read_table(documents)
        ids, texts = table["id"].to_pylist(), table["text"].to_pylist()
    if "signatures" in options:
        with spent.lap("signatures"):
            for first in range(0, len(texts), BATCH):
                grams = [_grams(text) for text in texts[first : first + BATCH]]
                RMinHash.digest_matrix_from_token_sets(grams, num_perm=PERMUTATIONS, seed=1)
        return ids
    with spent.lap("all"):
        deduplicator = RMinHashDeduplicator(threshold=THRESHOLD, num_perm=PERMUTATIONS, use_lsh=True, seed=1)
        pairs = ((identifier, _grams(text)) for identifier, text in zip(ids, texts, strict=True))
        stays = deduplicator.add_pairs(pairs)
        return [identifier for identifier, stay in zip(ids, stays, strict=True) if stay]


def _grams(text: str) -> list[str]:
    words = WORD.findall(text.lower())
    return [" ".join(words[at : at + WORDS]) for at in range(max(1, len(words) - WORDS + 1))]


if __name__ == "__main__":
    main(deduplicate)

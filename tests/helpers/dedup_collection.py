"""A collection with duplicates, and how the command refuses."""

from __future__ import annotations

import bz2
import gzip
import random
from typing import Any

import lz4.frame
from backports import zstd
from dedups import documents

VOCABULARY = [f"word{number}" for number in range(3_000)]


PACKED = {".gz": gzip.compress, ".zst": zstd.compress, ".bz2": bz2.compress, ".lz4": lz4.frame.compress, "": bytes}


def collection(size: int = 60, seed: int = 1) -> list[dict[str, Any]]:
    """Of every third text there is a copy in another case, of every third one with a word changed."""
    random_ = random.Random(seed)
    texts = []
    for number in range(size):
        words = random_.choices(VOCABULARY, k=random_.randint(80, 200))
        texts.append(" ".join(words))
        if number % 3 == 0:
            texts.append(" ".join(words).upper())
        if number % 3 == 1:
            texts.append(" ".join([*words[:40], "another", *words[41:]]))
    return documents(texts)


ROWS = collection()

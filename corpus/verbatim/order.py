"""Order: the places of a tar of shards, in the order of the tokens that begin there: a suffix array in 4 bytes a token.

A place is a number of tokens from the beginning of the tar, whose headers count as if they were tokens too. So the tar
itself, mapped into memory, is the text of the array, and no token is stored twice.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from corpus.repeats.suffixes import build_suffix_array
from corpus.shards.format import Shard

PLACE = np.dtype("<u4")
COUNT = np.dtype("<i8")


def array_name(shard: Shard) -> str:
    """The file of a tar's array, in the folder of all orders and in that of all counts."""
    return f"{Path(shard.path).stem}.npy"


def order_places(tar: np.ndarray, shard: Shard) -> np.ndarray:
    """(tokens of the tar,) PLACE. `tar`: all of its bytes as an array of the tokens' type.

    What begins at two places is compared beyond the end of their documents, where no question leads: none has an end of
    text in it. Raises ValueError for a tar with more places than PLACE can number.
    """
    if len(tar) > np.iinfo(PLACE).max:
        raise ValueError(f"{shard.path} has room for {len(tar)} tokens, at most {np.iinfo(PLACE).max} can be ordered")
    starts = np.array([chunk.tokens_offset // tar.itemsize for chunk in shard.chunks], np.int64)
    lengths = np.array([chunk.tokens for chunk in shard.chunks], np.int64)
    order = build_suffix_array(np.concatenate([tar[:0], *_chunks(tar, shard)]))
    shifts = starts - np.cumsum(lengths) + lengths
    return np.repeat(shifts.astype(PLACE), lengths)[order] + order.astype(PLACE)


def count_tokens(tar: np.ndarray, shard: Shard, vocab_size: int) -> np.ndarray:
    """(V,) COUNT: how often each token of the vocabulary stands in the tar."""
    counts = np.zeros(vocab_size, COUNT)
    for tokens in _chunks(tar, shard):
        counts += np.bincount(tokens, minlength=vocab_size)
    return counts


def _chunks(tar: np.ndarray, shard: Shard) -> Iterator[np.ndarray]:
    for chunk in shard.chunks:
        start = chunk.tokens_offset // tar.itemsize
        yield tar[start : start + chunk.tokens]

"""Cache: the keys and values of tokens that were read, so that generating reads each token once.

L layers   B texts   K key-value heads   C tokens of capacity   E head width   T tokens that are read now
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from training.models.masks import Mask, segment_mask, tree_mask

Tree = tuple[Tensor, Tensor]  # positions and ends, both [B, T], of rows that branch


class KeyValueCache:
    """Keys and values [L, B, K, C, E], of which the first `lengths` [B] are filled."""

    def __init__(
        self, layers: int, heads: int, width: int, *, batch: int, capacity: int, device: torch.device | str = "cpu"
    ) -> None:
        shape = (layers, batch, heads, capacity, width)
        self.keys, self.values = torch.zeros(shape, device=device), torch.zeros(shape, device=device)
        self.lengths = torch.zeros(batch, dtype=torch.int64, device=device)
        self.longest, self.even = 0, True  # even: all rows have the same length

    def add(self, layer: int, keys: Tensor, values: Tensor) -> tuple[Tensor, Tensor]:
        """Appends keys and values [B, K, T, E]. Returns all of this layer, up to the longest row."""
        stop = self.longest + keys.shape[2]
        for stored, new in ((self.keys[layer], keys), (self.values[layer], values)):
            if self.even:
                stored[:, :, self.longest : stop] = new
            else:
                stored[torch.arange(len(stored)), :, self.lengths] = new[:, :, 0].to(stored.dtype)
        return self.keys[layer, :, :, :stop], self.values[layer, :, :, :stop]

    def grow(self, tokens: int) -> None:
        """Counts tokens that every layer has added."""
        self.lengths += tokens
        self.longest += tokens

    def truncate(self, lengths: Tensor) -> None:
        """Forgets all tokens after these lengths [B]: the padding of the shorter prompts."""
        self.lengths.copy_(lengths)
        self.longest = int(lengths.max())
        self.even = bool((lengths == self.longest).all())

    def select(self, rows: Tensor) -> None:
        """Keeps the texts of these numbers, each as often as it is named."""
        self.keys, self.values, self.lengths = self.keys[:, rows], self.values[:, rows], self.lengths[rows]
        self.truncate(self.lengths)


class CacheGroup:
    """The caches of texts that are read side by side, one token of each, and attended to one by one: what a text's
    token takes from its keys does not depend on the texts beside it. Rows after the last cache are padding."""

    def __init__(self, caches: Sequence[KeyValueCache], rows: int) -> None:
        """`caches`: of one text each, at least one and at most `rows`."""
        self.caches = caches
        self.positions = torch.zeros(rows, 1, dtype=torch.int64, device=caches[0].keys.device)
        for row, cache in enumerate(caches):
            self.positions[row] = cache.longest

    def grow(self, tokens: int) -> None:
        for cache in self.caches:
            cache.grow(tokens)


Caches = KeyValueCache | CacheGroup
CacheLayer = tuple[Caches, int] | None  # a cache and the number of a layer in it


def place(
    tokens: Tensor, context: int, cache: Caches | None, segments: Tensor | None, tree: Tree | None
) -> tuple[slice | Tensor, Mask]:
    """Where tokens [B, T] are, as an index of a table of positions, and which others each of them sees.

    Raises ValueError where they are more than the `context`.
    """
    if tree is not None:
        positions, ends = tree
        return positions, tree_mask(ends)
    if isinstance(cache, CacheGroup):
        return cache.positions, None
    start, length = (cache.longest if cache else 0), tokens.shape[1]
    if start + length > context:
        raise ValueError(f"{start + length} tokens exceed the context of {context}")
    if cache is not None and start:
        assert cache.even or length == 1, "several tokens of texts of several lengths would need another mask"
        if length > 1:
            seen = torch.ones(length, start + length, dtype=torch.bool, device=tokens.device)
            return slice(start, start + length), seen.tril_(start)
        if not cache.even:
            mask = (torch.arange(start + 1, device=tokens.device) <= cache.lengths[:, None])[:, None, None]
            return cache.lengths[:, None], mask
    return slice(start, start + length), segment_mask(segments) if segments is not None and not start else None

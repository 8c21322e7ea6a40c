"""Cache: the keys and values of tokens that were read, so that generating reads each token once."""

from __future__ import annotations

import torch
from torch import Tensor

from training.config import ModelConfig


class Cache:
    """Keys and values [L, B, K, C, E] of L layers, with capacity for C tokens; the first `lengths` [B] are filled."""

    def __init__(
        self, config: ModelConfig, batch: int = 1, capacity: int = 0, *, device: torch.device | str = "cpu"
    ) -> None:
        capacity = min(capacity or config.max_position_embeddings, config.max_position_embeddings)
        shape = (config.num_hidden_layers, batch, config.num_key_value_heads, capacity, config.head_dim)
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

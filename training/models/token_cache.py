"""Token cache: the tokens that were read, for models whose next prediction sees a few of them and nothing else.

B texts   T tokens that are read now   C tokens that were read
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional


class TokenCache:
    """The tokens [B, C] that were read, of which the next prediction sees the last ones."""

    def __init__(self, batch: int, device: torch.device) -> None:
        self.tokens = torch.zeros(batch, 0, dtype=torch.int64, device=device)
        self.lengths, self.longest = torch.zeros(batch, dtype=torch.int64, device=device), 0

    def truncate(self, lengths: Tensor) -> None:
        self.lengths.copy_(lengths)
        self.longest = int(lengths.max())
        self.tokens = self.tokens[:, : self.longest]

    def select(self, rows: Tensor) -> None:
        self.tokens, self.lengths = self.tokens[rows], self.lengths[rows]
        self.longest = int(self.lengths.max())

    def add(self, tokens: Tensor) -> None:
        """Appends tokens [B, T]: T is 1 where texts have other lengths."""
        grown = functional.pad(self.tokens, (0, tokens.shape[1]))
        grown.scatter_(1, self.lengths[:, None] + torch.arange(tokens.shape[1], device=tokens.device), tokens)
        self.tokens = grown
        self.lengths += tokens.shape[1]
        self.longest += tokens.shape[1]

    def last(self, count: int) -> tuple[Tensor, Tensor]:
        """The last tokens [B, count] of each text, and whether there is one, [B, count, 1]."""
        places = self.lengths[:, None] + torch.arange(-count, 0, device=self.tokens.device)
        return self.tokens.gather(1, places.clamp(min=0)), (places >= 0)[:, :, None]

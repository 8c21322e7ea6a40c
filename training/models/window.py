"""Window: models whose next prediction sees the last few tokens and nothing else, and what they keep of a text.

B texts   T tokens that are read now   C tokens that were read   D width
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable

import torch
from torch import Tensor, nn
from torch.nn import functional

from training.models.config import ModelConfig
from training.models.single_text import SingleTextModel


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


class WindowModel(SingleTextModel):
    """`seen`: tokens on which a prediction depends."""

    def __init__(self, config: ModelConfig, layers: Iterable[nn.Module], seen: int, label_smoothing: float) -> None:
        super().__init__(config, layers, label_smoothing)
        self.seen = seen

    @abstractmethod
    def predicted(self, vectors: Tensor, there: Tensor | None) -> Tensor:
        """[B, T, D]: what vectors [B, T, D] of tokens and those before them say of the next ones, before the norm;
        `there` [B, T, 1] is 0 where no token is."""

    def new_cache(self, batch: int, capacity: int) -> TokenCache:
        return TokenCache(batch, self.head.device)

    def states(self, tokens: Tensor, cache: TokenCache | None) -> Tensor:
        if cache is None:
            return self._read(tokens, None)
        started = cache.longest > 0
        cache.add(tokens)
        return self._read(*cache.last(self.seen))[:, -1:] if started else self._read(tokens, None)

    def _read(self, tokens: Tensor, there: Tensor | None) -> Tensor:
        found: Tensor = self.norm(self.predicted(self.embed_tokens(tokens).float(), there))
        return found

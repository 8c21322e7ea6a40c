"""Network: a language model of word vectors (Mnih and Hinton 2007, "Three new graphical models for statistical language
modelling"): the vector of the next token is a sum of those before it, each through a matrix of its place, and the
likeliest tokens are those whose vectors are most like it. Nothing in it is nonlinear but the norm before the output.

B batch   T tokens   D width   W tokens that a prediction sees   V vocabulary
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from training.models.initial import initialize
from training.models.log_bilinear.config import LogBilinearConfig
from training.models.module import CausalModel
from training.models.token_cache import TokenCache


class Places(nn.Module):
    """The matrices of the W places side by side, [D, W D], so that Muon takes them like any other."""

    def __init__(self, config: LogBilinearConfig) -> None:
        super().__init__()
        self.window = config.window
        self.matrix = nn.Linear(config.window * config.hidden_size, config.hidden_size, bias=False)

    def forward(self, vectors: Tensor) -> Tensor:
        """[B, T, D]: what each of vectors [B, T, D] and those before it say of the next one."""
        before = functional.pad(vectors, (0, 0, self.window - 1, 0))
        length = vectors.shape[1]
        predicted: Tensor = self.matrix(
            torch.cat([before[:, place : place + length] for place in range(self.window)], dim=-1)
        )
        return predicted


class LogBilinear(CausalModel):
    """Called with tokens and targets, both int64 [B, T], it returns the summed loss.

    Dropout and label smoothing are part of the loss in training mode alone.
    """

    branches = False
    config: LogBilinearConfig

    def __init__(
        self, config: LogBilinearConfig, seed: int = 0, *, dropout: float = 0.0, label_smoothing: float = 0.0
    ) -> None:
        super().__init__()
        self.config, self.dropout, self.label_smoothing = config, dropout, label_smoothing
        self.embed_tokens = nn.Embedding(config.vocab_size, config.hidden_size)
        self.layers = nn.ModuleList([Places(config)])
        self.norm = nn.LayerNorm(config.hidden_size)
        initialize(self, config.initializer_range, seed, residual=(), layers=1)

    @property
    def blocks(self) -> Sequence[nn.Module]:
        return list(self.layers)

    @property
    def head(self) -> Tensor:
        return self.embed_tokens.weight

    def new_cache(self, batch: int, capacity: int) -> TokenCache:
        return TokenCache(batch, self.head.device)

    def hidden(
        self,
        tokens: Tensor,
        cache: TokenCache | None = None,
        segments: Tensor | None = None,
        tree: tuple[Tensor, Tensor] | None = None,
    ) -> Tensor:
        assert segments is None and tree is None, "it sees one text after another"
        if cache is None:
            return self._read(tokens, None)
        started = cache.longest > 0
        cache.add(tokens)
        return self._read(*cache.last(self.config.window))[:, -1:] if started else self._read(tokens, None)

    def _read(self, tokens: Tensor, there: Tensor | None) -> Tensor:
        """`there` [B, T, 1] is 0 where no token is."""
        vectors = self.embed_tokens(tokens).float()
        if there is not None:
            vectors = vectors * there
        vectors = functional.dropout(vectors, self.dropout, self.training and self.dropout > 0)
        [places] = self.layers
        predicted: Tensor = self.norm(places(vectors))
        return predicted

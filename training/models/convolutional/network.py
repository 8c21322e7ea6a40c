"""Network: a gated convolutional language model.

B batch   T tokens   D width   W tokens that a convolution sees   V vocabulary

x = embed(tokens);   for each layer: a, b = conv(norm(x)); x += (a * sigmoid(b)) @ W_out;   logits = norm(x) @ W_tokens
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from training.models.convolutional.config import ConvolutionalConfig
from training.models.initial import initialize
from training.models.module import CausalModel
from training.models.token_cache import TokenCache


class Layer(nn.Module):
    """The convolution is one matrix [2 D, W D] over the last W tokens, so that Muon takes it like any other."""

    def __init__(self, config: ConvolutionalConfig, step: int, dropout: float) -> None:
        super().__init__()
        self.step, self.seen, self.dropout = step, config.kernel_size, dropout
        self.norm = nn.LayerNorm(config.hidden_size)
        self.convolution = nn.Linear(config.kernel_size * config.hidden_size, 2 * config.hidden_size)
        self.output = nn.Linear(config.hidden_size, config.hidden_size)

    def forward(self, x: Tensor, there: Tensor | None) -> Tensor:
        """x [B, T, D] and what it adds; `there` [B, T, 1] is 0 where no token is."""
        normed = self.norm(x) if there is None else self.norm(x) * there
        before = functional.pad(normed, (0, 0, (self.seen - 1) * self.step, 0))
        length = x.shape[1]
        last = [before[:, number * self.step : number * self.step + length] for number in range(self.seen)]
        gated = functional.glu(self.convolution(torch.cat(last, dim=-1)))
        return x + functional.dropout(self.output(gated), self.dropout, self.training and self.dropout > 0)


class Convolutional(CausalModel):
    """Called with tokens and targets, both int64 [B, T], it returns the summed loss.

    Dropout and label smoothing are part of the loss in training mode alone.
    """

    branches = False
    config: ConvolutionalConfig

    def __init__(
        self, config: ConvolutionalConfig, seed: int = 0, *, dropout: float = 0.0, label_smoothing: float = 0.0
    ) -> None:
        super().__init__()
        self.config, self.label_smoothing = config, label_smoothing
        self.embed_tokens = nn.Embedding(config.vocab_size, config.hidden_size)
        self.layers = nn.ModuleList(Layer(config, step, dropout) for step in config.steps)
        self.norm = nn.LayerNorm(config.hidden_size)
        layers = config.num_hidden_layers
        initialize(self, config.initializer_range, seed, residual=("output.weight",), layers=layers)

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
        assert segments is None and tree is None, "a convolution sees one text after another"
        if cache is None:
            return self._read(tokens, None)
        started = cache.longest > 0
        cache.add(tokens)
        return self._read(*cache.last(self.config.seen))[:, -1:] if started else self._read(tokens, None)

    def _read(self, tokens: Tensor, there: Tensor | None) -> Tensor:
        x = self.embed_tokens(tokens).float()
        for layer in self.layers:
            x = layer(x, there)
        return self.norm(x)

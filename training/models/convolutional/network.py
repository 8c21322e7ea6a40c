"""Network: a gated convolutional language model.

B batch   T tokens   D width   W tokens that a convolution sees   V vocabulary

x = embed(tokens);   for each layer: a, b = conv(norm(x)); x += (a * sigmoid(b)) @ W_out;   logits = norm(x) @ W_tokens
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from training.models.convolutional.config import ConvolutionalConfig
from training.models.initial import initialize
from training.models.window import WindowModel


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


class Convolutional(WindowModel):
    """Called with tokens and targets, both int64 [B, T], it returns the summed loss.

    Dropout and label smoothing are part of the loss in training mode alone.
    """

    config: ConvolutionalConfig

    def __init__(
        self, config: ConvolutionalConfig, seed: int = 0, *, dropout: float = 0.0, label_smoothing: float = 0.0
    ) -> None:
        super().__init__(config, [Layer(config, step, dropout) for step in config.steps], config.seen, label_smoothing)
        layers = config.num_hidden_layers
        initialize(self, config.initializer_range, seed, residual=("output.weight",), layers=layers)

    def predicted(self, vectors: Tensor, there: Tensor | None) -> Tensor:
        for layer in self.layers:
            vectors = layer(vectors, there)
        return vectors

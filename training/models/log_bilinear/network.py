"""Network: a language model of word vectors (Mnih and Hinton 2007, "Three new graphical models for statistical language
modelling"): the vector of the next token is a sum of those before it, each through a matrix of its place, and the
likeliest tokens are those whose vectors are most like it. Nothing in it is nonlinear but the norm before the output.

B batch   T tokens   D width   W tokens that a prediction sees   V vocabulary
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from training.models.initial import initialize
from training.models.log_bilinear.config import LogBilinearConfig
from training.models.window import WindowModel


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


class LogBilinear(WindowModel):
    """Called with tokens and targets, both int64 [B, T], it returns the summed loss.

    Dropout and label smoothing are part of the loss in training mode alone.
    """

    config: LogBilinearConfig

    def __init__(
        self, config: LogBilinearConfig, seed: int = 0, *, dropout: float = 0.0, label_smoothing: float = 0.0
    ) -> None:
        super().__init__(config, [Places(config)], config.window, label_smoothing)
        self.dropout = dropout
        initialize(self, config.initializer_range, seed)

    def predicted(self, vectors: Tensor, there: Tensor | None) -> Tensor:
        if there is not None:
            vectors = vectors * there
        [places] = self.layers
        found: Tensor = places(functional.dropout(vectors, self.dropout, self.training and self.dropout > 0))
        return found

"""Encoder: RoBERTa with its head for masked tokens. Its parameter names are Hugging Face's.

B batch   T tokens   D width   V vocabulary
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from training.models.bert.layers import Embeddings, Layers
from training.models.initial import initialize
from training.models.masks import same_segment
from training.models.module import MaskedModel
from training.models.roberta.config import RobertaConfig


class Roberta(nn.Module):
    def __init__(self, config: RobertaConfig, dropout: float) -> None:
        super().__init__()
        self.embeddings = Embeddings(config)
        self.encoder = Layers(config, dropout)


class Head(nn.Module):
    def __init__(self, config: RobertaConfig) -> None:
        super().__init__()
        self.dense = nn.Linear(config.hidden_size, config.hidden_size)
        self.layer_norm = nn.LayerNorm(config.hidden_size, config.layer_norm_eps)
        self.bias = nn.Parameter(torch.zeros(config.vocab_size))

    def forward(self, states: Tensor) -> Tensor:
        normed: Tensor = self.layer_norm(functional.gelu(self.dense(states)))
        return normed


class RobertaEncoder(MaskedModel):
    """Called with tokens and targets, both int64 [B, T], and segments where there are any, it returns the summed loss.

    Dropout and label smoothing are part of the loss in training mode alone.
    """

    config: RobertaConfig

    def __init__(
        self, config: RobertaConfig, seed: int = 0, *, dropout: float = 0.0, label_smoothing: float = 0.0
    ) -> None:
        super().__init__()
        self.config, self.label_smoothing = config, label_smoothing
        self.roberta, self.lm_head = Roberta(config, dropout), Head(config)
        initialize(self, config.initializer_range, seed)

    @property
    def blocks(self) -> Sequence[nn.Module]:
        return list(self.roberta.encoder.layer)

    @property
    def head(self) -> tuple[Tensor, Tensor]:
        return self.roberta.embeddings.word_embeddings.weight, self.lm_head.bias

    def hidden(self, tokens: Tensor, segments: Tensor | None = None) -> Tensor:
        placed = tokens != self.config.padding
        positions = placed.cumsum(1) * placed + self.config.padding
        mask = None if segments is None else same_segment(segments)
        found: Tensor = self.roberta.encoder(self.roberta.embeddings(tokens, positions), mask)
        return found

    def predicted(self, states: Tensor) -> Tensor:
        normed: Tensor = self.lm_head(states)
        return normed

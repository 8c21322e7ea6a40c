"""Encoder: BERT with its head for masked tokens. Its parameter names are Hugging Face's.

B batch   T tokens   D width   V vocabulary

x = norm(token + position + segment kind);   for each layer: x = norm(x + attention(x)); x = norm(x + mlp(x))
logits = norm(gelu(x W + b)) @ W_tokens + b
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from training.models.bert.config import BertConfig
from training.models.bert.layers import Embeddings, Layers
from training.models.initial import initialize
from training.models.masks import same_segment
from training.models.module import MaskedModel


class Bert(nn.Module):
    def __init__(self, config: BertConfig, dropout: float) -> None:
        super().__init__()
        self.embeddings = Embeddings(config)
        self.encoder = Layers(config, dropout)


class Transform(nn.Module):
    def __init__(self, config: BertConfig) -> None:
        super().__init__()
        self.dense = nn.Linear(config.hidden_size, config.hidden_size)
        self.LayerNorm = nn.LayerNorm(config.hidden_size, config.layer_norm_eps)


class Predictions(nn.Module):
    def __init__(self, config: BertConfig) -> None:
        super().__init__()
        self.transform = Transform(config)
        self.bias = nn.Parameter(torch.zeros(config.vocab_size))


class Head(nn.Module):
    def __init__(self, config: BertConfig) -> None:
        super().__init__()
        self.predictions = Predictions(config)


class Encoder(MaskedModel):
    """Called with tokens and targets, both int64 [B, T], and segments where there are any, it returns the summed loss.

    Dropout and label smoothing are part of the loss in training mode alone.
    """

    config: BertConfig

    def __init__(
        self, config: BertConfig, seed: int = 0, *, dropout: float = 0.0, label_smoothing: float = 0.0
    ) -> None:
        super().__init__()
        self.config, self.label_smoothing = config, label_smoothing
        self.bert, self.cls = Bert(config, dropout), Head(config)
        initialize(self, config.initializer_range, seed)

    @property
    def blocks(self) -> Sequence[nn.Module]:
        return list(self.bert.encoder.layer)

    @property
    def head(self) -> tuple[Tensor, Tensor]:
        return self.bert.embeddings.word_embeddings.weight, self.cls.predictions.bias

    def hidden(self, tokens: Tensor, segments: Tensor | None = None) -> Tensor:
        mask = None if segments is None else same_segment(segments)
        found: Tensor = self.bert.encoder(self.bert.embeddings(tokens), mask)
        return found

    def predicted(self, states: Tensor) -> Tensor:
        transform = self.cls.predictions.transform
        normed: Tensor = transform.LayerNorm(functional.gelu(transform.dense(states)))
        return normed

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

from training.data.sequences import IGNORED
from training.models.bert.config import BertConfig
from training.models.initial import initialize
from training.models.masks import same_segment
from training.models.module import TrainableModel
from training.ops.loss import cross_entropy


class Embeddings(nn.Module):
    def __init__(self, config: BertConfig) -> None:
        super().__init__()
        self.word_embeddings = nn.Embedding(config.vocab_size, config.hidden_size)
        self.position_embeddings = nn.Embedding(config.max_position_embeddings, config.hidden_size)
        self.token_type_embeddings = nn.Embedding(config.type_vocab_size, config.hidden_size)
        self.LayerNorm = nn.LayerNorm(config.hidden_size, config.layer_norm_eps)

    def forward(self, tokens: Tensor) -> Tensor:
        x = self.word_embeddings(tokens).float() + self.token_type_embeddings.weight[0]
        return self.LayerNorm(x + self.position_embeddings.weight[: tokens.shape[1]])


class SelfAttention(nn.Module):
    def __init__(self, config: BertConfig) -> None:
        super().__init__()
        self.heads = config.num_attention_heads
        self.query, self.key, self.value = (nn.Linear(config.hidden_size, config.hidden_size) for _ in range(3))

    def forward(self, x: Tensor, mask: Tensor | None) -> Tensor:
        shape = (*x.shape[:2], self.heads, -1)
        q, k, v = (part(x).view(shape).transpose(1, 2) for part in (self.query, self.key, self.value))
        return functional.scaled_dot_product_attention(q, k, v, mask).transpose(1, 2).flatten(2)


class Output(nn.Module):
    """What a branch adds to its input, and the norm of the sum."""

    def __init__(self, config: BertConfig, inner: int, dropout: float) -> None:
        super().__init__()
        self.dropout = dropout
        self.dense = nn.Linear(inner, config.hidden_size)
        self.LayerNorm = nn.LayerNorm(config.hidden_size, config.layer_norm_eps)

    def forward(self, inner: Tensor, x: Tensor) -> Tensor:
        added = self.dense(inner)
        return self.LayerNorm(x + functional.dropout(added, self.dropout, self.training and self.dropout > 0))


class Attention(nn.Module):
    def __init__(self, config: BertConfig, dropout: float) -> None:
        super().__init__()
        self.self = SelfAttention(config)
        self.output = Output(config, config.hidden_size, dropout)


class Intermediate(nn.Module):
    def __init__(self, config: BertConfig) -> None:
        super().__init__()
        self.dense = nn.Linear(config.hidden_size, config.intermediate_size)


class Layer(nn.Module):
    def __init__(self, config: BertConfig, dropout: float) -> None:
        super().__init__()
        self.attention = Attention(config, dropout)
        self.intermediate = Intermediate(config)
        self.output = Output(config, config.intermediate_size, dropout)

    def forward(self, x: Tensor, mask: Tensor | None) -> Tensor:
        x = self.attention.output(self.attention.self(x, mask), x)
        return self.output(functional.gelu(self.intermediate.dense(x)), x)


class Layers(nn.Module):
    def __init__(self, config: BertConfig, dropout: float) -> None:
        super().__init__()
        self.layer = nn.ModuleList(Layer(config, dropout) for _ in range(config.num_hidden_layers))


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


class Encoder(TrainableModel):
    """Called with tokens and targets, both int64 [B, T], and segments where there are any, it returns the summed loss.

    Dropout and label smoothing are part of the loss in training mode alone.
    """

    READING = ("hidden", "logits")
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

    def hidden(self, tokens: Tensor, segments: Tensor | None = None) -> Tensor:
        """States [B, T, D] of tokens [B, T], each of which sees all of its segment."""
        mask = None if segments is None else same_segment(segments)
        x = self.bert.embeddings(tokens)
        for layer in self.bert.encoder.layer:
            x = layer(x, mask)
        return x

    def logits(self, tokens: Tensor, segments: Tensor | None = None) -> Tensor:
        """Scores [B, T, V] of the token at each place."""
        states = self._transformed(self.hidden(tokens, segments))
        return functional.linear(states, self.bert.embeddings.word_embeddings.weight, self.cls.predictions.bias)

    def forward(self, tokens: Tensor, targets: Tensor, segments: Tensor | None = None) -> Tensor:
        """Negative log-likelihood in nats, summed over the targets of all B x T except those IGNORED."""
        asked = targets != IGNORED
        states = self._transformed(self.hidden(tokens, segments)[asked])
        smoothing = self.label_smoothing if self.training else 0.0
        # The bias is a column of the output matrix, which a state that is always 1 reads.
        states = torch.cat([states, states.new_ones(len(states), 1)], dim=1)
        head = torch.cat([self.bert.embeddings.word_embeddings.weight, self.cls.predictions.bias[:, None]], dim=1)
        return cross_entropy(states, head, targets[asked], smoothing)

    def _transformed(self, states: Tensor) -> Tensor:
        transform = self.cls.predictions.transform
        return transform.LayerNorm(functional.gelu(transform.dense(states)))

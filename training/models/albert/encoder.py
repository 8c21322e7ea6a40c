"""Encoder: ALBERT with its heads for masked tokens and for the order of sentences, in the names of Hugging Face.

B batch   T tokens   D width   E width of the embeddings   V vocabulary

x = norm(token + position + segment kind) W;   for each layer, with the same weights:
x = norm(x + attention(x)); x = norm(x + mlp(x));   logits = norm(gelu(x W + b)) @ W_tokens + b
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from training.data.sequences import IGNORED
from training.models.albert.config import AlbertConfig
from training.models.initial import initialize
from training.models.module import MaskedModel


class Embeddings(nn.Module):
    def __init__(self, config: AlbertConfig) -> None:
        super().__init__()
        self.word_embeddings = nn.Embedding(config.vocab_size, config.embedding_size)
        self.position_embeddings = nn.Embedding(config.positions, config.embedding_size)
        self.token_type_embeddings = nn.Embedding(config.type_vocab_size, config.embedding_size)
        self.LayerNorm = nn.LayerNorm(config.embedding_size, config.layer_norm_eps)

    def forward(self, tokens: Tensor) -> Tensor:
        x = self.word_embeddings(tokens).float() + self.token_type_embeddings.weight[0]
        normed: Tensor = self.LayerNorm(x + self.position_embeddings.weight[: tokens.shape[1]])
        return normed


class Attention(nn.Module):
    def __init__(self, config: AlbertConfig) -> None:
        super().__init__()
        self.heads = config.num_attention_heads
        width = config.hidden_size
        self.query, self.key, self.value, self.dense = (nn.Linear(width, width) for _ in range(4))
        self.LayerNorm = nn.LayerNorm(width, config.layer_norm_eps)

    def forward(self, x: Tensor) -> Tensor:
        shape = (*x.shape[:2], self.heads, -1)
        q, k, v = (part(x).view(shape).transpose(1, 2) for part in (self.query, self.key, self.value))
        return self.dense(functional.scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(2))


class Layer(nn.Module):
    def __init__(self, config: AlbertConfig, dropout: float) -> None:
        super().__init__()
        self.dropout = dropout
        self.attention = Attention(config)
        self.ffn = nn.Linear(config.hidden_size, config.intermediate_size)
        self.ffn_output = nn.Linear(config.intermediate_size, config.hidden_size)
        self.full_layer_layer_norm = nn.LayerNorm(config.hidden_size, config.layer_norm_eps)

    def forward(self, x: Tensor) -> Tensor:
        x = self.attention.LayerNorm(x + self._drop(self.attention(x)))
        inner = functional.gelu(self.ffn(x), approximate="tanh")
        normed: Tensor = self.full_layer_layer_norm(x + self._drop(self.ffn_output(inner)))
        return normed

    def _drop(self, x: Tensor) -> Tensor:
        return functional.dropout(x, self.dropout, self.training and self.dropout > 0)


class Group(nn.Module):
    def __init__(self, config: AlbertConfig, dropout: float) -> None:
        super().__init__()
        self.albert_layers = nn.ModuleList([Layer(config, dropout)])


class Layers(nn.Module):
    def __init__(self, config: AlbertConfig, dropout: float) -> None:
        super().__init__()
        self.layers = config.num_hidden_layers
        self.embedding_hidden_mapping_in = nn.Linear(config.embedding_size, config.hidden_size)
        self.albert_layer_groups = nn.ModuleList([Group(config, dropout)])

    def forward(self, x: Tensor) -> Tensor:
        x, layer = self.embedding_hidden_mapping_in(x), self.get_submodule("albert_layer_groups.0.albert_layers.0")
        for _ in range(self.layers):
            x = layer(x)
        return x


class Albert(nn.Module):
    def __init__(self, config: AlbertConfig, dropout: float) -> None:
        super().__init__()
        self.embeddings = Embeddings(config)
        self.encoder = Layers(config, dropout)
        self.pooler = nn.Linear(config.hidden_size, config.hidden_size)


class Predictions(nn.Module):
    def __init__(self, config: AlbertConfig) -> None:
        super().__init__()
        self.dense = nn.Linear(config.hidden_size, config.embedding_size)
        self.LayerNorm = nn.LayerNorm(config.embedding_size, config.layer_norm_eps)
        self.bias = nn.Parameter(torch.zeros(config.vocab_size))

    def forward(self, states: Tensor) -> Tensor:
        normed: Tensor = self.LayerNorm(functional.gelu(self.dense(states), approximate="tanh"))
        return normed


class OrderHead(nn.Module):
    def __init__(self, config: AlbertConfig) -> None:
        super().__init__()
        self.classifier = nn.Linear(config.hidden_size, 2)


class AlbertEncoder(MaskedModel):
    """Called with tokens and targets, both int64 [B, T], and whether the two parts of each sequence are swapped, int64
    [B], it returns the loss of both questions: the mean of the second weighs as much as that of the first.

    Dropout and label smoothing are part of the loss in training mode alone.
    """

    config: AlbertConfig

    def __init__(
        self, config: AlbertConfig, seed: int = 0, *, dropout: float = 0.0, label_smoothing: float = 0.0
    ) -> None:
        super().__init__()
        self.config, self.label_smoothing = config, label_smoothing
        self.albert, self.predictions, self.sop_classifier = (
            Albert(config, dropout),
            Predictions(config),
            OrderHead(config),
        )
        initialize(self, config.initializer_range, seed)

    @property
    def blocks(self) -> Sequence[nn.Module]:
        return [self.albert.encoder.get_submodule("albert_layer_groups.0.albert_layers.0")]

    @property
    def head(self) -> tuple[Tensor, Tensor]:
        return self.albert.embeddings.word_embeddings.weight, self.predictions.bias

    def hidden(self, tokens: Tensor, segments: Tensor | None = None) -> Tensor:
        assert segments is None, "the parts of a sequence are one text"
        found: Tensor = self.albert.encoder(self.albert.embeddings(tokens))
        return found

    def predicted(self, states: Tensor) -> Tensor:
        normed: Tensor = self.predictions(states)
        return normed

    def forward(self, tokens: Tensor, targets: Tensor, swapped: Tensor) -> Tensor:  # type: ignore[override]
        """In nats, summed over the targets of all B x T except those IGNORED."""
        hidden = self.hidden(tokens)
        order = self.sop_classifier.classifier(torch.tanh(self.albert.pooler(hidden[:, 0])).float())
        asked = (targets != IGNORED).sum(1)
        return self.loss(hidden, targets) + (functional.cross_entropy(order, swapped, reduction="none") * asked).sum()

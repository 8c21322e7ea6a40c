"""Layers: embeddings, attention and MLP of BERT and its kin, in the names of Hugging Face.

B batch   T tokens   D width
"""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional

from training.models.bert.config import BertConfig


class Embeddings(nn.Module):
    def __init__(self, config: BertConfig) -> None:
        super().__init__()
        self.word_embeddings = nn.Embedding(config.vocab_size, config.hidden_size)
        self.position_embeddings = nn.Embedding(config.positions, config.hidden_size)
        self.token_type_embeddings = nn.Embedding(config.type_vocab_size, config.hidden_size)
        self.LayerNorm = nn.LayerNorm(config.hidden_size, config.layer_norm_eps)

    def forward(self, tokens: Tensor, positions: Tensor | None = None) -> Tensor:
        """[B, T, D] of tokens [B, T] at `positions` [B, T], or one after another."""
        places = self.position_embeddings.weight[: tokens.shape[1]]
        if positions is not None:
            places = self.position_embeddings(positions)
        return self.LayerNorm(self.word_embeddings(tokens).float() + self.token_type_embeddings.weight[0] + places)


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

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        for layer in self.layer:
            x = layer(x, mask)
        return x

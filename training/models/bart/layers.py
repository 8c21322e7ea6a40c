"""Layers: attention, MLP and positions of BART, in the names of Hugging Face.

B batch   T tokens   S tokens that are attended to   D width
"""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional

from training.models.bart.config import BEFORE, BartConfig


class Attention(nn.Module):
    def __init__(self, config: BartConfig) -> None:
        super().__init__()
        self.heads, width = config.num_attention_heads, config.hidden_size
        self.k_proj, self.v_proj, self.q_proj, self.out_proj = (nn.Linear(width, width) for _ in range(4))

    def forward(self, x: Tensor, others: Tensor, mask: Tensor | None, causal: bool = False) -> Tensor:
        """What each of x [B, T, D] takes from those of `others` [B, S, D] that `mask` [B, 1, 1, S] lets it see."""
        q, k, v = (
            part.unflatten(-1, (self.heads, -1)).transpose(1, 2)
            for part in (self.q_proj(x), self.k_proj(others), self.v_proj(others))
        )
        y = functional.scaled_dot_product_attention(q, k, v, mask, is_causal=causal)
        return self.out_proj(y.transpose(1, 2).flatten(2))


class Layer(nn.Module):
    """`decodes`: whether it sees only what is before, and reads an encoder."""

    def __init__(self, config: BartConfig, dropout: float, *, decodes: bool) -> None:
        super().__init__()
        self.dropout, self.decodes, width = dropout, decodes, config.hidden_size
        self.self_attn, self.self_attn_layer_norm = Attention(config), nn.LayerNorm(width)
        if decodes:
            self.encoder_attn, self.encoder_attn_layer_norm = Attention(config), nn.LayerNorm(width)
        self.fc1 = nn.Linear(width, config.intermediate_size)
        self.fc2 = nn.Linear(config.intermediate_size, width)
        self.final_layer_norm = nn.LayerNorm(width)

    def forward(self, x: Tensor, read: Tensor | None, there: Tensor | None) -> Tensor:
        """x [B, T, D] and what it takes from itself and, of a decoder, from what was `read` [B, S, D]; `there`
        [B, 1, 1, S] is false where the encoder has no token."""
        own = self.self_attn(x, x, None if self.decodes else there, causal=self.decodes)
        x = self.self_attn_layer_norm(x + self._drop(own))
        if self.decodes:
            assert read is not None
            x = self.encoder_attn_layer_norm(x + self._drop(self.encoder_attn(x, read, there)))
        inner = self.fc2(functional.gelu(self.fc1(x)))
        normed: Tensor = self.final_layer_norm(x + self._drop(inner))
        return normed

    def _drop(self, x: Tensor) -> Tensor:
        return functional.dropout(x, self.dropout, self.training and self.dropout > 0)


class Stack(nn.Module):
    def __init__(self, config: BartConfig, dropout: float, *, decodes: bool) -> None:
        super().__init__()
        self.embed_positions = nn.Embedding(config.max_position_embeddings + BEFORE, config.hidden_size)
        self.layers = nn.ModuleList(Layer(config, dropout, decodes=decodes) for _ in range(config.num_hidden_layers))
        self.layernorm_embedding = nn.LayerNorm(config.hidden_size)

    def forward(self, embedded: Tensor, read: Tensor | None, there: Tensor | None) -> Tensor:
        places = self.embed_positions.weight[BEFORE : BEFORE + embedded.shape[1]]
        x: Tensor = self.layernorm_embedding(embedded.float() + places)
        for layer in self.layers:
            x = layer(x, read, there)
        return x


class Body(nn.Module):
    def __init__(self, config: BartConfig, dropout: float) -> None:
        super().__init__()
        self.shared = nn.Embedding(config.vocab_size, config.hidden_size)
        self.encoder = Stack(config, dropout, decodes=False)
        self.decoder = Stack(config, dropout, decodes=True)

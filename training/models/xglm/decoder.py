"""Decoder: XGLM. Its parameter names are Hugging Face's.

B batch   T tokens   D width
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from training.models.attention import attend_causally
from training.models.cache import CacheLayer
from training.models.initial import initialize
from training.models.masks import Mask
from training.models.pre_norm import PreNormDecoder, PreNormLayer
from training.models.xglm.config import XglmConfig

BEFORE = 2  # positions before the first one, as Hugging Face counts them
LONGEST_WAVE = 10_000  # of the sines, as a multiple of the shortest


def sinusoids(count: int, width: int) -> Tensor:
    """[T, D] of the first `count` positions: sines, then cosines, of D / 2 frequencies that fall evenly on a
    logarithmic scale."""
    half = width // 2
    frequencies = torch.exp(torch.arange(half).float() * (-math.log(LONGEST_WAVE) / (half - 1)))
    angles = torch.arange(BEFORE, BEFORE + count).float()[:, None] * frequencies
    return torch.cat([angles.sin(), angles.cos()], dim=1)


class Attention(nn.Module):
    def __init__(self, config: XglmConfig) -> None:
        super().__init__()
        self.heads, width = config.num_attention_heads, config.hidden_size
        self.k_proj, self.v_proj, self.q_proj, self.out_proj = (nn.Linear(width, width) for _ in range(4))

    def forward(self, x: Tensor, mask: Mask, cached: CacheLayer) -> Tensor:
        q, k, v = (one(x).unflatten(-1, (self.heads, -1)) for one in (self.q_proj, self.k_proj, self.v_proj))
        taken: Tensor = self.out_proj(attend_causally(q, k, v, mask, cached))
        return taken


class Layer(PreNormLayer):
    def __init__(self, config: XglmConfig, dropout: float) -> None:
        super().__init__()
        self.dropout, width = dropout, config.hidden_size
        self.self_attn, self.self_attn_layer_norm = Attention(config), nn.LayerNorm(width)
        self.fc1 = nn.Linear(width, config.intermediate_size)
        self.fc2 = nn.Linear(config.intermediate_size, width)
        self.final_layer_norm = nn.LayerNorm(width)

    def attend(self, x: Tensor, mask: Mask, cached: CacheLayer) -> Tensor:
        taken: Tensor = self.self_attn(self.self_attn_layer_norm(x), mask, cached)
        return taken

    def transform(self, x: Tensor) -> Tensor:
        found: Tensor = self.fc2(functional.gelu(self.fc1(self.final_layer_norm(x))))
        return found


class Body(nn.Module):
    positions: Tensor

    def __init__(self, config: XglmConfig, dropout: float) -> None:
        super().__init__()
        self.embed_tokens = nn.Embedding(config.vocab_size, config.hidden_size)
        self.layers = nn.ModuleList(Layer(config, dropout) for _ in range(config.num_hidden_layers))
        self.layer_norm = nn.LayerNorm(config.hidden_size)
        table = sinusoids(config.max_position_embeddings, config.hidden_size)
        self.register_buffer("positions", table, persistent=False)


class Decoder(PreNormDecoder):
    config: XglmConfig

    def __init__(
        self, config: XglmConfig, seed: int = 0, *, dropout: float = 0.0, label_smoothing: float = 0.0
    ) -> None:
        super().__init__()
        self.config, self.label_smoothing = config, label_smoothing
        self.model = Body(config, dropout)
        layers = config.num_hidden_layers
        initialize(self, config.initializer_range, seed, residual=("out_proj.weight", "fc2.weight"), layers=layers)

    @property
    def blocks(self) -> Sequence[nn.Module]:
        return list(self.model.layers)

    @property
    def head(self) -> Tensor:
        return self.model.embed_tokens.weight

    @property
    def final_norm(self) -> nn.LayerNorm:
        return self.model.layer_norm

    def embed(self, tokens: Tensor, positions: slice | Tensor) -> Tensor:
        scaled: Tensor = math.sqrt(self.config.hidden_size) * self.model.embed_tokens(tokens).float()
        return scaled + self.model.positions[positions]

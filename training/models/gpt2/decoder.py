"""Decoder: GPT-2. Its parameter names are Hugging Face's, and so are its matrices, which are [in, out].

B batch   T tokens   D width
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from training.models.attention import attend_causally
from training.models.cache import CacheLayer
from training.models.gpt2.config import Gpt2Config
from training.models.initial import initialize
from training.models.masks import Mask
from training.models.pre_norm import PreNormDecoder, PreNormLayer


class Product(nn.Module):
    """x W + b, for W [in, out]."""

    def __init__(self, inner: int, outer: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(inner, outer))
        self.bias = nn.Parameter(torch.zeros(outer))

    def forward(self, x: Tensor) -> Tensor:
        return functional.linear(x, self.weight.t(), self.bias)


class Attention(nn.Module):
    def __init__(self, config: Gpt2Config) -> None:
        super().__init__()
        self.heads = config.num_attention_heads
        self.c_attn = Product(config.hidden_size, 3 * config.hidden_size)
        self.c_proj = Product(config.hidden_size, config.hidden_size)

    def forward(self, x: Tensor, mask: Mask, cached: CacheLayer) -> Tensor:
        shape = (*x.shape[:2], self.heads, -1)
        q, k, v = (part.reshape(shape) for part in self.c_attn(x).chunk(3, dim=-1))
        return self.c_proj(attend_causally(q, k, v, mask, cached))


class MLP(nn.Module):
    def __init__(self, config: Gpt2Config) -> None:
        super().__init__()
        self.c_fc = Product(config.hidden_size, config.intermediate_size)
        self.c_proj = Product(config.intermediate_size, config.hidden_size)

    def forward(self, x: Tensor) -> Tensor:
        return self.c_proj(functional.gelu(self.c_fc(x), approximate="tanh"))


class Layer(PreNormLayer):
    def __init__(self, config: Gpt2Config, dropout: float) -> None:
        super().__init__()
        self.dropout = dropout
        self.ln_1 = nn.LayerNorm(config.hidden_size, config.layer_norm_eps)
        self.attn = Attention(config)
        self.ln_2 = nn.LayerNorm(config.hidden_size, config.layer_norm_eps)
        self.mlp = MLP(config)

    def attend(self, x: Tensor, mask: Mask, cached: CacheLayer) -> Tensor:
        taken: Tensor = self.attn(self.ln_1(x), mask, cached)
        return taken

    def transform(self, x: Tensor) -> Tensor:
        found: Tensor = self.mlp(self.ln_2(x))
        return found


class Body(nn.Module):
    def __init__(self, config: Gpt2Config, dropout: float) -> None:
        super().__init__()
        self.wte = nn.Embedding(config.vocab_size, config.hidden_size)
        self.wpe = nn.Embedding(config.max_position_embeddings, config.hidden_size)
        self.h = nn.ModuleList(Layer(config, dropout) for _ in range(config.num_hidden_layers))
        self.ln_f = nn.LayerNorm(config.hidden_size, config.layer_norm_eps)


class Decoder(PreNormDecoder):
    config: Gpt2Config

    def __init__(
        self, config: Gpt2Config, seed: int = 0, *, dropout: float = 0.0, label_smoothing: float = 0.0
    ) -> None:
        super().__init__()
        self.config, self.label_smoothing = config, label_smoothing
        self.transformer = Body(config, dropout)
        layers = config.num_hidden_layers
        initialize(self, config.initializer_range, seed, residual=("c_proj.weight",), layers=layers)

    @property
    def blocks(self) -> Sequence[nn.Module]:
        return list(self.transformer.h)

    @property
    def head(self) -> Tensor:
        return self.transformer.wte.weight

    @property
    def final_norm(self) -> nn.LayerNorm:
        return self.transformer.ln_f

    def embed(self, tokens: Tensor, positions: slice | Tensor) -> Tensor:
        found: Tensor = self.transformer.wte(tokens).float() + self.transformer.wpe.weight[positions]
        return found

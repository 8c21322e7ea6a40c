"""Layers: attention and MLP of a decoder, each behind a norm and added to the residual stream.

    B batch   T tokens   D width   H heads   K key-value heads   E head width

RMSNorm: Zhang and Sennrich 2019. Rotary positions: Su et al. 2021. Grouped queries: Ainslie et al. 2023. Norms on
queries and keys: Henry et al. 2020. SwiGLU: Shazeer 2020.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from training.models.attention import attend_causally
from training.models.cache import CacheLayer
from training.models.masks import Mask
from training.models.qwen3.config import Qwen3Config
from training.ops import fused


def use_fused(x: Tensor) -> bool:
    """Whether the operations of `fused` are faster for x [B, T, ...]: on a CPU, uncompiled, with gradients to come.

    Without gradients PyTorch's own operations keep nothing either, and take two thirds of the time on short rows.
    """
    return x.device.type == "cpu" and torch.is_grad_enabled() and not torch.compiler.is_compiling()


class RMSNorm(nn.Module):
    """x / rms(x) * weight over the last dimension."""

    def __init__(self, width: int, eps: float) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))
        self.eps = eps

    def forward(self, x: Tensor) -> Tensor:
        if use_fused(x):
            return fused.norm(x, self.weight, self.eps)
        return functional.rms_norm(x, self.weight.shape, self.weight.to(x.dtype), self.eps)


def rotate(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """Rotates each pair (x[i], x[i + E/2]) of x [B, T, H, E] by its position's angle; cos and sin are [T, E/2]."""
    first, second = x.chunk(2, dim=-1)
    cos, sin = cos.unsqueeze(-2), sin.unsqueeze(-2)
    return torch.cat((first * cos - second * sin, second * cos + first * sin), dim=-1)


class Attention(nn.Module):
    def __init__(self, config: Qwen3Config) -> None:
        super().__init__()
        queries = config.num_attention_heads * config.head_dim
        keys = config.num_key_value_heads * config.head_dim
        self.head_dim = config.head_dim
        self.q_proj = nn.Linear(config.hidden_size, queries, bias=False)
        self.k_proj = nn.Linear(config.hidden_size, keys, bias=False)
        self.v_proj = nn.Linear(config.hidden_size, keys, bias=False)
        self.o_proj = nn.Linear(queries, config.hidden_size, bias=False)
        self.q_norm = RMSNorm(config.head_dim, config.rms_norm_eps)
        self.k_norm = RMSNorm(config.head_dim, config.rms_norm_eps)

    def forward(self, x: Tensor, cos: Tensor, sin: Tensor, mask: Mask, cached: CacheLayer) -> Tensor:
        heads = (*x.shape[:2], -1, self.head_dim)
        if use_fused(x):
            projected = fused.project(x, self.q_proj.weight, self.k_proj.weight, self.v_proj.weight)
        else:
            projected = self.q_proj(x), self.k_proj(x), self.v_proj(x)
        q, k, v = (part.view(heads) for part in projected)  # [B, T, H or K, E]
        q, k = (
            self._norm_rotate(q, self.q_norm, cos, sin),
            self._norm_rotate(k, self.k_norm, cos, sin),
        )
        return self.o_proj(attend_causally(q, k, v, mask, cached))

    @staticmethod
    def _norm_rotate(x: Tensor, norm: RMSNorm, cos: Tensor, sin: Tensor) -> Tensor:
        if use_fused(x) and cos.ndim == 2:
            return fused.norm_rotate(x, norm.weight, cos, sin, norm.eps)
        return rotate(norm(x.float()), cos, sin).to(x.dtype)


class MLP(nn.Module):
    def __init__(self, config: Qwen3Config) -> None:
        super().__init__()
        self.gate_proj = nn.Linear(config.hidden_size, config.intermediate_size, bias=False)
        self.up_proj = nn.Linear(config.hidden_size, config.intermediate_size, bias=False)
        self.down_proj = nn.Linear(config.intermediate_size, config.hidden_size, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        if use_fused(x):
            return self.down_proj(fused.gate(*fused.project(x, self.gate_proj.weight, self.up_proj.weight)))
        return self.down_proj(functional.silu(self.gate_proj(x)) * self.up_proj(x))


class Layer(nn.Module):
    def __init__(self, config: Qwen3Config, dropout: float) -> None:
        super().__init__()
        self.dropout = dropout
        self.input_layernorm = RMSNorm(config.hidden_size, config.rms_norm_eps)
        self.self_attn = Attention(config)
        self.post_attention_layernorm = RMSNorm(config.hidden_size, config.rms_norm_eps)
        self.mlp = MLP(config)

    def forward(self, x: Tensor, cos: Tensor, sin: Tensor, mask: Mask = None, cached: CacheLayer = None) -> Tensor:
        x = x + self._drop(self.self_attn(self.input_layernorm(x), cos, sin, mask, cached))
        return x + self._drop(self.mlp(self.post_attention_layernorm(x)))

    def _drop(self, x: Tensor) -> Tensor:
        """Srivastava et al. 2014, on what a branch adds to the residual stream."""
        return functional.dropout(x, self.dropout, self.training) if self.dropout else x

"""Layers: attention, MLP and positions of T5, in the names of Hugging Face.

B batch   T tokens   S tokens that are attended to   D width   H heads   E head width
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from training.models.t5.config import T5Config


class Norm(nn.Module):
    """x / rms(x) * weight."""

    def __init__(self, config: T5Config) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(config.hidden_size))
        self.eps = config.rms_norm_eps

    def forward(self, x: Tensor) -> Tensor:
        return functional.rms_norm(x, self.weight.shape, self.weight.to(x.dtype), self.eps)


class Attention(nn.Module):
    """Scores are not divided by the root of the head width: the initial weights are smaller in its place."""

    def __init__(self, config: T5Config, *, has_positions: bool, both_sides: bool) -> None:
        super().__init__()
        self.config, self.both_sides = config, both_sides
        inner = config.num_attention_heads * config.head_dim
        self.q, self.k, self.v = (nn.Linear(config.hidden_size, inner, bias=False) for _ in range(3))
        self.o = nn.Linear(inner, config.hidden_size, bias=False)
        if has_positions:
            buckets = config.relative_attention_num_buckets
            self.relative_attention_bias = nn.Embedding(buckets, config.num_attention_heads)

    def forward(self, x: Tensor, others: Tensor, bias: Tensor | None) -> Tensor:
        """What each of x [B, T, D] takes from `others` [B, S, D]; `bias` [1, H, T, S] is added to the scores."""
        heads = self.config.num_attention_heads
        q = self.q(x).unflatten(-1, (heads, -1)).transpose(1, 2)
        k, v = (part(others).unflatten(-1, (heads, -1)).transpose(1, 2) for part in (self.k, self.v))
        mask = None if bias is None else bias.to(q.dtype)
        y = functional.scaled_dot_product_attention(q, k, v, mask, scale=1.0)
        return self.o(y.transpose(1, 2).flatten(2))

    def bias(self, length: int) -> Tensor:
        """[1, H, T, T], by the distance of query and key; minus infinity where a decoder must not look."""
        places = torch.arange(length, device=self.q.weight.device)
        distance = places[None] - places[:, None]  # of the key from the query
        found = self.relative_attention_bias(self._buckets(distance)).permute(2, 0, 1)[None]
        if not self.both_sides:
            found = found.masked_fill(distance > 0, float("-inf"))
        return found

    def _buckets(self, distance: Tensor) -> Tensor:
        """One for each small distance, then wider and wider ones; half of them for each side where both are seen."""
        count, furthest = self.config.relative_attention_num_buckets, self.config.relative_attention_max_distance
        first = torch.zeros_like(distance)
        if self.both_sides:
            count //= 2
            first, distance = (distance > 0) * count, distance.abs()
        else:
            distance = (-distance).clamp(min=0)
        exact = count // 2
        steps = torch.log(distance.clamp(min=1).float() / exact) / math.log(furthest / exact) * (count - exact)
        far = (exact + steps.long()).clamp(max=count - 1)
        return first + torch.where(distance < exact, distance, far)


class Branch(nn.Module):
    """A norm, and what is added to the residual stream. Its own module has the name that Hugging Face gives it."""

    def __init__(self, config: T5Config, name: str, module: nn.Module, dropout: float) -> None:
        super().__init__()
        self.name, self.dropout = name, dropout
        self.add_module(name, module)
        self.layer_norm = Norm(config)

    @property
    def inner(self) -> nn.Module:
        return self.get_submodule(self.name)

    def forward(self, x: Tensor, *arguments: Tensor | None) -> Tensor:
        """x and what attention to the first of `arguments`, or to x itself, or the MLP makes of it."""
        normed = self.layer_norm(x)
        if isinstance(self.inner, Attention):
            others, bias = arguments
            added = self.inner(normed, normed if others is None else others, bias)
        else:
            added = self.inner(normed)
        return x + functional.dropout(added, self.dropout, self.training and self.dropout > 0)


class GatedMLP(nn.Module):
    def __init__(self, config: T5Config) -> None:
        super().__init__()
        self.wi_0, self.wi_1 = (nn.Linear(config.hidden_size, config.intermediate_size, bias=False) for _ in range(2))
        self.wo = nn.Linear(config.intermediate_size, config.hidden_size, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        return self.wo(functional.gelu(self.wi_0(x), approximate="tanh") * self.wi_1(x))


class Block(nn.Module):
    """`decodes`: whether it sees only what is before, and reads an encoder."""

    def __init__(self, config: T5Config, dropout: float, *, first: bool, decodes: bool) -> None:
        super().__init__()
        own = Attention(config, has_positions=first, both_sides=not decodes)
        parts = [Branch(config, "SelfAttention", own, dropout)]
        if decodes:
            across = Attention(config, has_positions=False, both_sides=True)
            parts.append(Branch(config, "EncDecAttention", across, dropout))
        parts.append(Branch(config, "DenseReluDense", GatedMLP(config), dropout))
        self.layer = nn.ModuleList(parts)

    def forward(self, x: Tensor, bias: Tensor | None, read: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """States, and the bias of positions: made by the first block, which has it, and passed on to the others. Made
        elsewhere it would be read outside of the block, where a rank may have a part of it only."""
        if bias is None:
            positions = self.get_submodule("layer.0.SelfAttention")
            assert isinstance(positions, Attention)
            bias = positions.bias(x.shape[1])
        x = self.layer[0](x, None, bias)
        if read is not None:
            x = self.layer[1](x, read, None)
        return self.layer[-1](x), bias


class Stack(nn.Module):
    def __init__(self, config: T5Config, dropout: float, *, decodes: bool) -> None:
        super().__init__()
        self.block = nn.ModuleList(
            Block(config, dropout, first=not number, decodes=decodes) for number in range(config.num_hidden_layers)
        )
        self.final_layer_norm = Norm(config)

    def forward(self, x: Tensor, read: Tensor | None = None) -> Tensor:
        bias = None
        for block in self.block:
            x, bias = block(x, bias, read)
        return self.final_layer_norm(x)

"""Plain: a GPT-2 in nanoGPT's manner and the loop around it, as short as such a thing is written.

LayerNorm, learned positions, multi-head attention by torch's scaled_dot_product_attention, a GELU MLP of four times
the width, no biases, tied embeddings, AdamW; batches are random windows of one memory-mapped file of tokens. Whoever
compares with it knows what is left out: no guard, no sample-exact order, no resume.

    B sequences   T tokens   D width   H heads   V vocabulary
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional


@dataclass(frozen=True, kw_only=True)
class Shape:
    vocabulary: int
    context: int
    layers: int
    heads: int
    width: int


class Norm(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))

    def forward(self, x: Tensor) -> Tensor:
        return functional.layer_norm(x, self.weight.shape, self.weight, None, 1e-5)


class Block(nn.Module):
    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.heads = shape.heads
        self.norm_1, self.norm_2 = Norm(shape.width), Norm(shape.width)
        self.qkv = nn.Linear(shape.width, 3 * shape.width, bias=False)
        self.attention_out = nn.Linear(shape.width, shape.width, bias=False)
        self.mlp_in = nn.Linear(shape.width, 4 * shape.width, bias=False)
        self.mlp_out = nn.Linear(4 * shape.width, shape.width, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        batch, length, width = x.shape
        heads = (batch, length, self.heads, width // self.heads)
        q, k, v = (part.view(heads).transpose(1, 2) for part in self.qkv(self.norm_1(x)).split(width, dim=2))
        y = functional.scaled_dot_product_attention(q, k, v, is_causal=True)
        x = x + self.attention_out(y.transpose(1, 2).contiguous().view(batch, length, width))
        return x + self.mlp_out(functional.gelu(self.mlp_in(self.norm_2(x))))


class PlainGPT(nn.Module):
    """Called with tokens and targets, int64 [B, T], it returns the mean loss in nats a token."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.shape = shape
        self.tokens = nn.Embedding(shape.vocabulary, shape.width)
        self.positions = nn.Embedding(shape.context, shape.width)
        self.blocks = nn.ModuleList(Block(shape) for _ in range(shape.layers))
        self.norm = Norm(shape.width)
        for name, weight in self.named_parameters():
            if weight.ndim == 2:
                small = name.endswith(("attention_out.weight", "mlp_out.weight"))
                nn.init.normal_(weight, std=0.02 / math.sqrt(2 * shape.layers) if small else 0.02)

    def forward(self, tokens: Tensor, targets: Tensor) -> Tensor:
        x = self.tokens(tokens) + self.positions(torch.arange(tokens.shape[1], device=tokens.device))
        for block in self.blocks:
            x = block(x)
        logits = functional.linear(self.norm(x), self.tokens.weight)
        return functional.cross_entropy(logits.view(-1, logits.shape[-1]), targets.reshape(-1))


def adamw(model: nn.Module, rate: float) -> torch.optim.AdamW:
    """GPT-2's habit: betas of 0.9 and 0.95, a weight decay of 0.1 on matrices alone."""
    matrices = [p for p in model.parameters() if p.ndim >= 2]
    vectors = [p for p in model.parameters() if p.ndim < 2]
    groups = [{"params": matrices, "weight_decay": 0.1}, {"params": vectors, "weight_decay": 0.0}]
    return torch.optim.AdamW(groups, lr=rate, betas=(0.9, 0.95), fused=True)


def get_batch(data: np.ndarray, batch: int, context: int, device: torch.device) -> tuple[Tensor, Tensor]:
    """Random windows of a memory-mapped file of tokens."""
    starts = torch.randint(len(data) - context, (batch,)).tolist()
    tokens = torch.stack([torch.from_numpy(data[start : start + context].astype(np.int64)) for start in starts])
    targets = torch.stack(
        [torch.from_numpy(data[start + 1 : start + 1 + context].astype(np.int64)) for start in starts]
    )
    if device.type == "cuda":
        return tuple(x.pin_memory().to(device, non_blocking=True) for x in (tokens, targets))
    return tokens, targets


def update(model: nn.Module, optimizer: torch.optim.Optimizer, tokens: Tensor, targets: Tensor) -> float | Tensor:
    """One step: loss, gradients clipped at 1, update."""
    loss = model(tokens, targets)
    loss.backward()
    nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
    optimizer.zero_grad(set_to_none=True)
    return loss.detach()

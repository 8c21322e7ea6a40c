"""Threads: a batch in equal parts, each through forward and backward on its own CPU cores.

On a CPU torch splits every operation over its threads and waits for all of them before the next, about 1,500 times a
step; on a small model that costs more than the second core gains. Here a step waits once: each thread computes loss and
gradients of its own sequences, and the gradients are added in the order of the threads, so that equal splits give equal
bits.

    B sequences
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd import Function
from torch.autograd.function import once_differentiable

from training.ops.pool import MAX_PARTS, ThreadPool


def count_splits(batch: int, threads: int) -> int:
    """The number of equal parts in which so many sequences are computed."""
    return next(n for n in range(min(MAX_PARTS, threads, batch), 0, -1) if batch % n == 0)


class ThreadParallel(nn.Module):
    """A model that sums a loss over its arguments [B, ...], computed in parts of B. On CPUs, without random numbers."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model
        self.pool = ThreadPool()

    def forward(self, *inputs: Tensor | None) -> Tensor:
        """The model's loss, up to the order of its sum."""
        batch = next(len(value) for value in inputs if value is not None)
        count = count_splits(batch, torch.get_num_threads())
        if count == 1:
            return self.model(*inputs)
        pieces = [[None] * count if value is None else value.chunk(count) for value in inputs]
        parameters = [p for p in self.model.parameters() if p.requires_grad]
        if torch.is_grad_enabled():
            return _Sum.apply(self, list(zip(*pieces, strict=True)), *parameters)
        return torch.stack(self.pool.each(lambda *part: self.model(*part), list(zip(*pieces, strict=True)))).sum()


class _Sum(Function):
    """Loss and gradients at once: the backward pass only returns what the threads computed."""

    @staticmethod
    def forward(ctx: Any, module: ThreadParallel, parts: list[Any], *parameters: Tensor) -> Tensor:
        def work(*part: Tensor | None) -> tuple[Tensor, tuple[Tensor, ...]]:
            loss = module.model(*part)
            return loss.detach(), torch.autograd.grad(loss, parameters)

        with torch.enable_grad():
            losses, gradients = zip(*module.pool.each(work, parts), strict=True)
        for other in gradients[1:]:
            torch._foreach_add_(gradients[0], other)
        ctx.gradients = gradients[0]
        return torch.stack(losses).sum()

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Any, ...]:
        gradients, ctx.gradients = ctx.gradients, None
        torch._foreach_mul_(gradients, grad)
        return None, None, *gradients

"""Threads: a batch in equal shares, each through forward and backward on cores of its own.

On a CPU torch splits every operation over its threads and waits for all of them before the next, some 1,500 times a
step; on a small model that costs more than the second core brings. Here a step has one such wait: each thread computes
loss and gradients of its own sequences, and the gradients are added in the order of the threads, so that the same
shares give the same bits.

    B sequences   S shares
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd import Function
from torch.autograd.function import once_differentiable

# Each share holds gradients of its own. Beyond this many, shares compute on several cores each.
MOST_SHARES = 8


def share_count(batch: int, threads: int) -> int:
    """In how many shares of equal size so many sequences are taken."""
    return next(n for n in range(min(MOST_SHARES, threads, batch), 0, -1) if batch % n == 0)


class Shares(nn.Module):
    """A model that sums a loss over its arguments [B, ...], computed in shares of B. On CPUs; no random numbers."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model
        self.threads = torch.get_num_threads()
        self._pool = ThreadPoolExecutor(MOST_SHARES)

    def forward(self, *inputs: Tensor | None) -> Tensor:
        """The same loss as the model's, but for the order of its sum."""
        batch = next(len(value) for value in inputs if value is not None)
        count = share_count(batch, self.threads)
        if count == 1:
            return self.model(*inputs)
        pieces = [[None] * count if value is None else value.chunk(count) for value in inputs]
        parameters = [p for p in self.model.parameters() if p.requires_grad]
        if torch.is_grad_enabled():
            return _Sum.apply(self, list(zip(*pieces, strict=True)), *parameters)
        return torch.stack(self._each(lambda *part: self.model(*part), list(zip(*pieces, strict=True)))).sum()

    def _each(self, work: Callable[..., Any], parts: list[Any]) -> list[Any]:
        """work(*part) of each part, in a thread with its share of the cores and this thread's precision."""
        grad, autocast = torch.is_grad_enabled(), torch.is_autocast_enabled("cpu")
        dtype, cores = torch.get_autocast_dtype("cpu"), self.threads // len(parts)

        def run(part: Any) -> Any:
            torch.set_num_threads(cores)
            with torch.set_grad_enabled(grad), torch.autocast("cpu", dtype, enabled=autocast):
                return work(*part)

        try:
            return list(self._pool.map(run, parts))
        finally:
            torch.set_num_threads(self.threads)


class _Sum(Function):
    """Loss and gradients at once: the backward pass only hands out what each thread has found."""

    @staticmethod
    def forward(ctx: Any, shares: Shares, parts: list[Any], *parameters: Tensor) -> Tensor:
        def work(*part: Tensor | None) -> tuple[Tensor, tuple[Tensor, ...]]:
            loss = shares.model(*part)
            return loss.detach(), torch.autograd.grad(loss, parameters)

        with torch.enable_grad():
            losses, gradients = zip(*shares._each(work, parts), strict=True)
        for other in gradients[1:]:
            torch._foreach_add_(gradients[0], other)
        ctx.gradients = gradients[0]
        return torch.stack(losses).sum()

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Any, ...]:
        found, ctx.gradients = ctx.gradients, None
        torch._foreach_mul_(found, grad)
        return None, None, *found

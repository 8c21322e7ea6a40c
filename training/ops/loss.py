"""Loss: cross entropy of hidden states against a vocabulary, without the table of all logits.

    logits = h W^T;   loss = sum over targets of (1 - e) (lse - logits[target]) + e (lse - mean(logits));   e: smoothing
    d logits = softmax(logits) - (1 - e) [target] - e / V

Logits of 32k tokens x 50k words are 6.6 GB in float32, and as much again for their gradient. Both are therefore
computed slice by slice, and the gradients of h and W in the same pass (Hsu et al. 2024, Liger Kernel): no logits are
kept for the backward pass or computed again in it.

    R rows (B x T tokens)   D width   V vocabulary
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

import torch
from torch import Tensor
from torch.autograd import Function
from torch.autograd.function import once_differentiable
from torch.nn import functional

from training.data.loader import IGNORED
from training.ops.fused import matmul_dtype

# Logits of a slice. CPU: 8 MiB in float32. CUDA: 2**28 are 512 MiB in bfloat16, enough to fill the device.
SLICE = {"cpu": 1 << 21, "cuda": 1 << 28}
MIN_ROWS = 256  # of a slice: each slice reads and writes the gradient of the head once


def slice_rows(device: str, words: int) -> int:
    return max(MIN_ROWS, SLICE[device] // words)


def _in_place(logits: Tensor, targets: Tensor, smoothing: float) -> tuple[Tensor, Tensor]:
    """The summed loss, a float32 scalar, and its gradient [r, V] in the dtype of logits [r, V], which it may overwrite.

    One exponential an entry: the greatest probability says what lse is, exp(greatest logit - lse).
    """
    scores, dtype = logits.float(), logits.dtype
    scored, ids = targets != IGNORED, targets.clamp(min=0).unsqueeze(1)
    right, greatest = scores.gather(1, ids), scores.amax(dim=1, keepdim=True)
    mean = scores.mean(dim=1, keepdim=True) if smoothing else 0.0
    gradient = torch.softmax(scores, dim=1, out=scores)
    lse = greatest - gradient.amax(dim=1, keepdim=True).log_()
    loss = lse - (1 - smoothing) * right - smoothing * mean
    if smoothing:
        gradient -= smoothing / logits.shape[1]
    gradient.scatter_(1, ids, right.sub_(lse).exp_() - (1 - smoothing + smoothing / logits.shape[1]))
    if not scored.all():
        gradient[~scored] = 0
    return loss[scored].sum(), gradient.to(dtype)


def _fusible(logits: Tensor, targets: Tensor, smoothing: float) -> tuple[Tensor, Tensor]:
    """The same without an indexed write: compiled, it reads the logits twice and writes their gradient once."""
    scored = (targets != IGNORED).unsqueeze(1)
    ids = torch.where(scored, targets.unsqueeze(1), 0)
    scores = functional.log_softmax(logits.float(), dim=-1)
    loss = scores.gather(1, ids) * (smoothing - 1) - scores.mean(dim=1, keepdim=True) * smoothing
    right = torch.arange(logits.shape[1], device=logits.device) == ids
    gradient = scores.exp() - smoothing / logits.shape[1] - right * (1 - smoothing)
    return torch.where(scored, loss, 0.0).sum(), torch.where(scored, gradient, 0.0).to(logits.dtype)


@cache
def _kernel(device: str) -> Any:
    return torch.compile(_fusible) if device == "cuda" else _in_place


class CrossEntropy(Function):
    """Of hidden [R, D], in whose dtype products are made, and head [V, D], whose gradient is summed in float32."""

    @staticmethod
    def forward(ctx: Any, hidden: Tensor, head: Tensor, targets: Tensor, smoothing: float) -> Tensor:
        kernel, weight = _kernel(hidden.device.type), head.to(hidden.dtype)
        dhidden, dhead = torch.empty_like(hidden), torch.zeros_like(head, dtype=torch.float32)
        loss = torch.zeros((), dtype=torch.float32, device=hidden.device)
        for part in _slices(hidden, weight):
            slice_loss, gradient = kernel(hidden[part] @ weight.t(), targets[part], smoothing)
            loss += slice_loss
            torch.mm(gradient, weight, out=dhidden[part])
            if hidden.dtype == torch.float32:
                dhead.addmm_(gradient.t(), hidden[part])
            else:
                dhead += gradient.t() @ hidden[part]
        ctx.gradients = dhidden, dhead
        return loss

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, Tensor, None, None]:
        dhidden, dhead = ctx.gradients
        ctx.gradients = None
        return dhidden.mul_(grad), dhead.mul_(grad), None, None


def _slices(hidden: Tensor, head: Tensor) -> Iterator[slice]:
    """Of equal size except for the last, so that a kernel is compiled for one or two shapes."""
    rows = len(hidden)
    step = -(-rows // -(-rows // slice_rows(hidden.device.type, len(head))))
    return (slice(start, start + step) for start in range(0, rows, step))


def cross_entropy(hidden: Tensor, head: Tensor, targets: Tensor, smoothing: float = 0.0) -> Tensor:
    """Nats summed over targets [R] except IGNORED, of hidden [R, D] and head [V, D]; smoothing: Szegedy et al. 2016."""
    hidden = hidden.to(matmul_dtype(hidden))
    with torch.autocast(hidden.device.type, enabled=False):
        if torch.is_grad_enabled():
            return CrossEntropy.apply(hidden, head, targets, smoothing)
        weight = head.to(hidden.dtype)
        losses = [
            functional.cross_entropy(
                (hidden[part] @ weight.t()).float(), targets[part], reduction="sum", label_smoothing=smoothing
            )
            for part in _slices(hidden, weight)
        ]
        return torch.stack(losses).sum()


def biased_cross_entropy(hidden: Tensor, head: Tensor, bias: Tensor, targets: Tensor, smoothing: float = 0.0) -> Tensor:
    """`cross_entropy` of hidden [R, D] against a head [V, D] with a bias [V]: a column that a state of 1 reads."""
    hidden = torch.cat([hidden, hidden.new_ones(len(hidden), 1)], dim=1)
    return cross_entropy(hidden, torch.cat([head, bias[:, None]], dim=1), targets, smoothing)

"""Fused: the small operations of a layer with their gradients written out, for processors without a compiler.

Eager PyTorch reads and writes whole activations in each operation, and on a CPU that costs more than the arithmetic: a
pass over 2 MiB takes 0.26 ms from the outer cache and 0.06 ms from the inner one. So each function here processes its
rows in blocks that stay in the inner cache, and keeps only what the gradient needs. `models/layers.py` calls them on a
CPU and has the same formulas in plain operations for CUDA, where torch.compile fuses them.

    R rows   N inputs   E head width   B sequences   T tokens   H heads
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor
from torch.autograd import Function

BLOCK = 1 << 17  # elements: half a MiB in float32, of which an inner cache holds a few


def matmul_dtype(x: Tensor) -> torch.dtype:
    """The dtype in which a matrix product of x is computed under the current autocast."""
    kind = x.device.type
    return torch.get_autocast_dtype(kind) if torch.is_autocast_enabled(kind) else x.dtype


def blocks(rows: int, width: int) -> Iterator[slice]:
    step = max(1, BLOCK // width)
    return (slice(start, start + step) for start in range(0, rows, step))


class Project(Function):
    """x [R, N] times several matrices [O, N] -> one [R, O] each. Their gradients of x are summed inside the product."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, *weights: Tensor) -> tuple[Tensor, ...]:
        ctx.save_for_backward(x, *weights)
        return tuple(x @ weight.t() for weight in weights)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, ...]:
        x, *weights = ctx.saved_tensors
        dx = grads[0] @ weights[0]
        for grad, weight in zip(grads[1:], weights[1:], strict=True):
            dx.addmm_(grad, weight)
        return dx, *(grad.t() @ x for grad in grads)


def project(x: Tensor, *weights: Tensor) -> tuple[Tensor, ...]:
    """x [..., N] -> x @ weight.T for each weight [O, N], in the precision of matrix products."""
    dtype = matmul_dtype(x)
    with torch.autocast(x.device.type, enabled=False):
        products = Project.apply(x.flatten(0, -2).to(dtype), *(weight.to(dtype) for weight in weights))
    return tuple(y.view(*x.shape[:-1], -1) for y in products)


class Norm(Function):
    """y = x s w with s = (mean(x^2) + eps)^-1/2, of x [R, N]; Zhang and Sennrich 2019.

    dx = s (w dy - x s^2 mean(x w dy));   dw = sum over rows of dy x s
    """

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, eps: float, dtype: torch.dtype) -> Tensor:
        scale = _scale(x, eps)
        y = torch.empty_like(x, dtype=dtype)
        for part in blocks(*x.shape):
            y[part] = (x[part] * scale[part]).mul_(weight)
        ctx.save_for_backward(x, weight, scale)
        return y

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, Tensor, None, None]:
        x, weight, scale = ctx.saved_tensors
        dx, dw = torch.empty_like(x), torch.zeros_like(weight)
        for part in blocks(*x.shape):
            _norm_gradient(grad[part].float(), x[part], weight, scale[part], dx[part], dw)
        return dx, dw, None, None


def _scale(x: Tensor, eps: float) -> Tensor:
    """[..., 1] of x [..., N]: one over the root of the mean square."""
    norm = torch.linalg.vector_norm(x, dim=-1, keepdim=True)
    return norm.square_().div_(x.shape[-1]).add_(eps).rsqrt_()


def _norm_gradient(grad: Tensor, x: Tensor, weight: Tensor, scale: Tensor, dx: Tensor, dw: Tensor) -> None:
    """Writes dx [R, N], adds to dw [N]."""
    product = grad * x
    dw += product.t() @ scale.view(-1)
    share = (product @ weight).view_as(scale).mul_(scale).mul_(scale).mul_(scale).div_(-x.shape[-1])
    torch.mul(grad, scale, out=dx)
    dx.mul_(weight).addcmul_(x, share)


def norm(x: Tensor, weight: Tensor, eps: float) -> Tensor:
    """RMSNorm over the last dimension of x, which is float32; the result is in the precision of matrix products."""
    dtype = matmul_dtype(x)
    with torch.autocast(x.device.type, enabled=False):
        return Norm.apply(x.flatten(0, -2), weight.float(), eps, dtype).view_as(x)


class NormRotate(Function):
    """RMSNorm of x [B, T, H, E], then each pair (i, i + E/2) rotated by its position's angle; cos, sin [T, E/2]."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, cos: Tensor, sin: Tensor, eps: float) -> Tensor:
        half = x.shape[-1] // 2
        cos, sin = cos[:, None], sin[:, None]  # [T, 1, E/2]
        first, second = weight[:half], weight[half:]
        straight = torch.cat((cos * first, cos * second), dim=-1)
        minus, plus = -sin * second, sin * first
        y, scales = torch.empty_like(x), x.new_empty(*x.shape[:-1], 1, dtype=torch.float32)
        for b in range(x.shape[0]):
            row = x[b].float()
            scales[b] = scale = _scale(row, eps)
            rotated = row * straight
            rotated[..., :half].addcmul_(row[..., half:], minus)
            rotated[..., half:].addcmul_(row[..., :half], plus)
            torch.mul(rotated, scale, out=rotated)
            y[b] = rotated
        ctx.save_for_backward(x, weight, cos, sin, scales)
        return y

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, Tensor, None, None, None]:
        x, weight, cos, sin, scales = ctx.saved_tensors
        width = x.shape[-1]
        half = width // 2
        both = torch.cat((cos, cos), dim=-1)
        dx, dw = torch.empty_like(x, memory_format=torch.contiguous_format), torch.zeros_like(weight)
        for b in range(x.shape[0]):
            row = grad[b].float()
            back = row * both
            back[..., :half].addcmul_(row[..., half:], sin)
            back[..., half:].addcmul_(row[..., :half], sin, value=-1)
            rows, inputs = back.view(-1, width), x[b].float().reshape(-1, width)
            result = dx[b].view(-1, width) if dx.dtype == torch.float32 else torch.empty_like(inputs)
            _norm_gradient(rows, inputs, weight, scales[b].view(-1, 1), result, dw)
            if result.dtype != dx.dtype:
                dx[b] = result.view_as(dx[b])
        return dx, dw, None, None, None


def norm_rotate(x: Tensor, weight: Tensor, cos: Tensor, sin: Tensor, eps: float) -> Tensor:
    """Norm and rotary position of queries or keys x [B, T, H, E]; cos and sin are [T, E/2]. In the precision of x."""
    with torch.autocast(x.device.type, enabled=False):
        return NormRotate.apply(x, weight.float(), cos, sin, eps)


class Gate(Function):
    """silu(gate) up, of [R, N] each; Shazeer 2020. With s = sigmoid(gate): d gate = dy up s (1 + gate (1 - s))."""

    @staticmethod
    def forward(ctx: Any, gate: Tensor, up: Tensor) -> Tensor:
        ctx.save_for_backward(gate, up)
        y = torch.empty_like(gate)
        for part in blocks(*gate.shape):
            torch.mul(torch.nn.functional.silu(gate[part]), up[part], out=y[part])
        return y

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, Tensor]:
        gate, up = ctx.saved_tensors
        dgate, dup = torch.empty_like(gate), torch.empty_like(up)
        for part in blocks(*gate.shape):
            dy, x = grad[part], gate[part]
            torch.mul(dy, torch.nn.functional.silu(x), out=dup[part])
            torch.ops.aten.silu_backward.grad_input(dy * up[part], x, grad_input=dgate[part])
        return dgate, dup


def gate(gated: Tensor, up: Tensor) -> Tensor:
    """silu(gated) * up over [..., N]."""
    return Gate.apply(gated.flatten(0, -2), up.flatten(0, -2)).view_as(up)

"""Muon: momentum whose singular values are all brought close to 1, for the matrices between embedding and head.

    M = lerp(M, G, 1 - momentum);  U = lerp(G, M, momentum);  W = (1 - rate * decay) W - rate * 0.2 sqrt(max(m, n)) O(U)

Jordan et al. 2024 (kellerjordan.github.io/posts/muon), scaled so that its updates are as large as AdamW's and both use
the same learning rate (Liu et al. 2025, arXiv:2502.16982). torch.optim.Muon orthogonalises only in bfloat16, which is
slow on most CPUs, and scales a sharded matrix by the norm of each rank's part, which is wrong.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor
from torch.distributed.tensor import DTensor, Replicate

from training.ops.orthogonal import orthogonalize

SAME_AS_ADAMW = 0.2  # about the root mean square of an AdamW update


class Muon(torch.optim.Optimizer):
    """Updates matrices [m, n], whole or DTensors of which every rank holds some rows. `dtype`: of `orthogonalize`."""

    def __init__(
        self,
        matrices: Iterable[Tensor],
        *,
        lr: float,
        momentum: float,
        weight_decay: float,
        dtype: torch.dtype = torch.float32,
    ) -> None:
        super().__init__(matrices, {"lr": lr, "momentum": momentum, "weight_decay": weight_decay})
        self.dtype = dtype

    @torch.no_grad()
    def step(self, closure: Any = None) -> Any:
        for group in self.param_groups:
            by_shape: dict[torch.Size, list[Tensor]] = {}
            for matrix in group["params"]:
                if matrix.grad is not None:
                    by_shape.setdefault(matrix.shape, []).append(matrix)
            for (rows, columns), same_shape in by_shape.items():
                scale = SAME_AS_ADAMW * math.sqrt(max(rows, columns))
                stack = torch.stack([self._update(matrix, group["momentum"]) for matrix in same_shape])
                updates = orthogonalize(stack, self.dtype)
                for matrix, update in zip(same_shape, updates, strict=True):
                    matrix.mul_(1 - group["lr"] * group["weight_decay"])
                    matrix.add_(_sharded_like(matrix, update), alpha=-group["lr"] * scale)

    def _update(self, matrix: Tensor, momentum: float) -> Tensor:
        """The Nesterov momentum of a matrix, whole on every rank."""
        gradient, state = matrix.grad, self.state[matrix]
        assert gradient is not None
        if "momentum_buffer" not in state:
            state["momentum_buffer"] = torch.zeros_like(gradient)
        average = state["momentum_buffer"].lerp_(gradient, 1 - momentum)
        update = gradient.lerp(average, momentum)
        return update.full_tensor() if isinstance(update, DTensor) else update


def _sharded_like(matrix: Tensor, whole: Tensor) -> Tensor:
    """`whole`, which is the same on every rank, laid out like `matrix`. Nothing is sent."""
    if not isinstance(matrix, DTensor):
        return whole
    everywhere = DTensor.from_local(whole, matrix.device_mesh, [Replicate()] * matrix.device_mesh.ndim)
    return everywhere.redistribute(placements=matrix.placements)

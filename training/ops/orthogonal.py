"""Orthogonal: U V^T of a matrix U S V^T, approximately, by five steps of a quintic Newton-Schulz iteration.

    G = X X^T;   Z = a I + b G + c G^2;   X <- Z X       (Jordan et al. 2024, kellerjordan.github.io/posts/muon)

Singular values end between 0.7 and 1.2. Several steps need not touch X between them, for G <- Z G Z, and every product
but Z X is symmetric, so that its lower half need not be computed.

    N matrices of one shape   m rows   n columns
"""

from __future__ import annotations

from functools import cache

import torch
from torch import Tensor

from training.ops.pool import MAX_PARTS, ThreadPool

STEPS, COEFFICIENTS = 5, (3.4445, -4.7750, 2.0315)
# Steps between two looks at X of a matrix that is wide enough. Of all five, small singular values would lose digits.
STEPS_OF_GRAM, WIDE = 3, 1.5
PANEL = 128  # rows of a symmetric product computed together: fewer skip more, and their products are slower


def orthogonalize(matrices: Tensor, dtype: torch.dtype) -> Tensor:
    """[N, m, n] -> [N, m, n], computed in `dtype`, for which bfloat16 is precise enough."""
    tall = matrices.shape[-2] > matrices.shape[-1]
    x = matrices.to(dtype)
    x = x.mT if tall else x
    x = x / x.norm(dim=(-2, -1), keepdim=True).clamp(min=1e-7)
    # Symmetry saves a quarter of the time of float32 on a CPU, and nothing in bfloat16, where small products are slow.
    x = _each_by_symmetry(x) if x.device.type == "cpu" and dtype == torch.float32 else _together(x)
    return (x.mT if tall else x).to(matrices.dtype)


def _together(x: Tensor) -> Tensor:
    a, b, c = COEFFICIENTS
    for _ in range(STEPS):
        gram = x @ x.mT
        x = torch.baddbmm(x, torch.baddbmm(gram, gram, gram, beta=b, alpha=c), x, beta=a)
    return x


@cache
def _pool() -> ThreadPool:
    return ThreadPool()


def _each_by_symmetry(x: Tensor) -> Tensor:
    """One matrix after another, which stays in an inner cache, on each thread."""
    parts = [(part,) for part in x.chunk(min(MAX_PARTS, torch.get_num_threads()))]
    return torch.stack([one for part in _pool().each(_by_symmetry, parts) for one in part])


def _by_symmetry(matrices: Tensor) -> list[Tensor]:
    a, b, c = COEFFICIENTS
    found = []
    for x in matrices:
        together = STEPS_OF_GRAM if x.shape[1] > WIDE * x.shape[0] else 1
        for start in range(0, STEPS, together):
            last = min(start + together, STEPS) - 1
            gram, product = _symmetric(x, x.mT), None
            for step in range(start, last + 1):
                factor = _symmetric(gram, gram).mul_(c).add_(gram, alpha=b)
                factor.diagonal().add_(a)
                product = factor if product is None else _symmetric(factor, product)
                if step < last:
                    gram = _symmetric(factor, _symmetric(factor, gram))
            assert product is not None
            x = product @ x
        found.append(x)
    return found


def _symmetric(left: Tensor, right: Tensor) -> Tensor:
    """left [m, k] @ right [k, m] of which it is known that the product is symmetric."""
    size = len(left)
    product = left.new_empty(size, size)
    for start in range(0, size, PANEL):
        end = min(start + PANEL, size)
        torch.mm(left[start:end], right[:, start:], out=product[start:end, start:])
        product[end:, start:end] = product[start:end, end:].mT
    return product

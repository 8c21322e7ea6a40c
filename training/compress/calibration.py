"""Calibration: a matrix in integers, rounded so that its products with real inputs change least.

Columns are rounded one after another, and what rounding one changes in the products is made up for by those that are
still to come (Frantar et al. 2023, GPTQ, algorithm 1).

F rows   D columns   n tokens
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from training.compress.rounding import fit_scale
from training.models.quantized import Scheme

DAMPING = 0.01  # of the mean of the diagonal, as in the paper


class Inputs:
    """What a matrix is multiplied with: H = X^T X / n, [D, D] in float64, added up as tokens are read."""

    def __init__(self, columns: int) -> None:
        self.products, self.tokens = torch.zeros(columns, columns, dtype=torch.float64), 0

    def add(self, x: Tensor) -> None:
        """Of inputs [..., D]."""
        rows = x.flatten(0, -2)
        self.products += (rows.t() @ rows).double()
        self.tokens += len(rows)


@contextmanager
def watch_inputs(modules: Sequence[nn.Linear]) -> Iterator[list[Inputs]]:
    """While the context lasts, what each module reads is added up."""
    found = [Inputs(module.in_features) for module in modules]
    hooks = [
        module.register_forward_pre_hook(lambda _, args, kept=kept: kept.add(args[0]))
        for module, kept in zip(modules, found, strict=True)
    ]
    try:
        yield found
    finally:
        for hook in hooks:
            hook.remove()


def round_calibrated(weight: Tensor, inputs: Inputs, scheme: Scheme) -> tuple[Tensor, Tensor]:
    """As `round_to_nearest`, for these inputs."""
    hessian = inputs.products / max(1, inputs.tokens)
    diagonal = hessian.diagonal()
    unread = diagonal == 0
    diagonal += DAMPING * diagonal.mean() + unread
    inverse = torch.cholesky_inverse(torch.linalg.cholesky(hessian))
    factor = torch.linalg.cholesky(inverse, upper=True)
    left, columns = weight.double(), weight.shape[1]
    group = scheme.group or columns
    integers, scales = torch.empty(weight.shape, dtype=torch.int8), []
    for column in range(columns):
        if column % group == 0:
            scales.append(fit_scale(left[:, column : column + group].float(), scheme).double())
        scale = scales[-1][:, 0]
        rounded = (left[:, column] / scale).round().clamp(-scheme.largest - 1, scheme.largest)
        integers[:, column] = rounded.to(torch.int8)
        error = (left[:, column] - rounded * scale) / factor[column, column]
        left[:, column + 1 :] -= error[:, None] * factor[column, column + 1 :]
    return integers, torch.cat(scales, dim=1).float()

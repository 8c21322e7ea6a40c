"""Initial: the weights that a model begins with."""

from __future__ import annotations

import math
from collections.abc import Collection

import torch
from torch import nn


@torch.no_grad()
def initialize(model: nn.Module, spread: float, seed: int, *, residual: Collection[str] = (), layers: int = 1) -> None:
    """Normal matrices with this standard deviation, biases of 0 and norms of 1.

    Matrices whose names end in one of `residual` write into the residual stream, and shrink with the number of layers
    (Radford et al. 2019).
    """
    generator = torch.Generator().manual_seed(seed)
    for name, weight in model.named_parameters():
        if weight.ndim == 2:
            deep = math.sqrt(2 * layers) if name.endswith(tuple(residual)) else 1.0
            weight.normal_(0.0, spread / deep, generator=generator)
        elif name.endswith("bias"):
            weight.zero_()

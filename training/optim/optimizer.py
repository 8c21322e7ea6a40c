"""Optimizer: Muon for the matrices between embedding and head and AdamW for the rest, or AdamW for everything.

AdamW: Loshchilov and Hutter 2019. Weight decay is decoupled and for matrices alone: a decayed gain of a norm would only
fight the loss. So is L1: a step takes rate * l1 off the absolute value of each of their weights, down to zero.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.distributed.tensor import DTensor
from torch.nn.functional import softshrink

from training.config import TrainConfig
from training.optim.muon import Muon

MOMENTS = {torch.optim.AdamW: ("exp_avg", "exp_avg_sq"), Muon: ("momentum_buffer",)}


class Optimizer:
    """All of a model's parameters. `updates` counts the steps that were taken, which AdamW's bias correction follows.

    What it keeps of a parameter has that parameter's shape, and its layout over the ranks.
    """

    def __init__(self, model: nn.Module, config: TrainConfig, dtype: torch.dtype = torch.float32) -> None:
        """`dtype` is that of matrix products, Muon's among them."""
        self.updates, self._l1 = 0, config.l1
        self._named = dict(model.named_parameters())
        matrices = {name for name, weight in self._named.items() if weight.ndim == 2}
        hidden = {name for name in matrices if ".layers." in name} if config.optimizer == "muon" else set()
        decay = {"lr": config.learning_rate, "weight_decay": config.weight_decay}
        groups = [
            {"params": self._of(matrices - hidden), **decay},
            {"params": self._of(set(self._named) - matrices), **decay, "weight_decay": 0.0},
        ]
        self._matrices = self._of(matrices)
        self._parts: list[torch.optim.Optimizer] = [
            torch.optim.AdamW(groups, betas=(config.beta1, config.beta2), fused=True)
        ]
        if hidden:
            self._parts.append(Muon(self._of(hidden), momentum=config.momentum, dtype=dtype, **decay))

    def _of(self, names: set[str]) -> list[nn.Parameter]:
        return [parameter for name, parameter in self._named.items() if name in names]

    @torch.no_grad()
    def step(self, rate: float) -> None:
        """Updates every parameter from its gradient, at this learning rate."""
        for part in self._parts:
            for group in part.param_groups:
                group["lr"] = rate
            part.step()
        if self._l1:
            for matrix in self._matrices:
                weights = matrix.to_local() if isinstance(matrix, DTensor) else matrix
                weights.copy_(softshrink(weights, rate * self._l1))
        self.updates += 1

    def zero_grad(self) -> None:
        for part in self._parts:
            part.zero_grad(set_to_none=True)

    def state(self) -> dict[str, Tensor]:
        """ "<parameter>/<moment>": tensors alone, so that safetensors holds them and nothing is unpickled.

        Zeros where no update was made yet. The tensors are the optimizer's own: to restore it, set `updates` and write
        into them.
        """
        found = {}
        names = {parameter: name for name, parameter in self._named.items()}
        for part in self._parts:
            for parameter in (p for group in part.param_groups for p in group["params"]):
                kept: dict[str, Any] = part.state[parameter]
                for moment in MOMENTS[type(part)]:
                    if moment not in kept:
                        kept[moment] = torch.zeros_like(parameter)
                    found[f"{names[parameter]}/{moment}"] = kept[moment]
                if isinstance(part, torch.optim.AdamW):
                    kept["step"] = torch.tensor(float(self.updates), device=parameter.device)
        return found

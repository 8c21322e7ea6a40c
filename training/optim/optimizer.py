"""Optimizer: Muon for the matrices between embedding and head and AdamW for the rest, or AdamW for everything.

AdamW: Loshchilov and Hutter 2019. Weight decay is decoupled and applies to matrices only: decaying the gain of a norm
would only work against the loss. So does L1: a step reduces the absolute value of weights by rate * l1, down to 0.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.distributed.tensor import DTensor
from torch.nn.functional import softshrink

from training.config import TrainConfig
from training.models.module import TrainableModel
from training.optim.muon import Muon

MOMENTS = {torch.optim.AdamW: ("exp_avg", "exp_avg_sq"), Muon: ("momentum_buffer",)}


class Optimizer:
    """All of a model's parameters that are not frozen. `updates` counts the steps so far, for AdamW's bias correction.

    Its tensors have the shape of their parameter, and its layout over the ranks.
    """

    def __init__(self, model: TrainableModel, config: TrainConfig, dtype: torch.dtype = torch.float32) -> None:
        """`dtype` is that of matrix products, including Muon's."""
        self.updates, self._l1 = 0, config.l1
        self._named = {name: weight for name, weight in model.named_parameters() if weight.requires_grad}
        matrices = {name for name, weight in self._named.items() if weight.ndim == 2}
        hidden = model.hidden_matrices() & matrices if config.optimizer == "muon" else set()
        decay = {"lr": config.learning_rate, "weight_decay": config.weight_decay}
        groups = [
            {"params": self._select(matrices - hidden), **decay},
            {"params": self._select(set(self._named) - matrices), **decay, "weight_decay": 0.0},
        ]
        self._matrices = self._select(matrices)
        self._parts: list[torch.optim.Optimizer] = [
            torch.optim.AdamW(groups, betas=(config.beta1, config.beta2), fused=True)
        ]
        if hidden:
            self._parts.append(Muon(self._select(hidden), momentum=config.momentum, dtype=dtype, **decay))

    def _select(self, names: set[str]) -> list[nn.Parameter]:
        return [parameter for name, parameter in self._named.items() if name in names]

    @torch.no_grad()
    def step(self, rate: float) -> None:
        """Updates every parameter from its gradient, with this learning rate."""
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
        """ "<parameter>/<moment>": only tensors, so that safetensors can hold them and nothing is unpickled.

        Zeros before the first update. They are the optimizer's own tensors: to restore it, set `updates` and write into
        them.
        """
        moments = {}
        names = {parameter: name for name, parameter in self._named.items()}
        for part in self._parts:
            for parameter in (p for group in part.param_groups for p in group["params"]):
                own: dict[str, Any] = part.state[parameter]
                for moment in MOMENTS[type(part)]:
                    if moment not in own:
                        own[moment] = torch.zeros_like(parameter)
                    moments[f"{names[parameter]}/{moment}"] = own[moment]
                if isinstance(part, torch.optim.AdamW):
                    own["step"] = torch.tensor(float(self.updates), device=parameter.device)
        return moments

"""Optimizer: AdamW with decoupled weight decay on matrices only, warmup and a cosine (Loshchilov and Hutter 2019)."""

from __future__ import annotations

import math
from collections.abc import Mapping

import torch
from torch import Tensor, nn

from training.config import TrainConfig

FINAL_SHARE = 0.1  # of the peak learning rate, at the last step


def learning_rate(config: TrainConfig, step: int) -> float:
    """For step 0, 1, ...: a straight line up to the peak, then a cosine down to a tenth of it."""
    warmup = round(config.warmup * config.steps)
    if step < warmup:
        return config.learning_rate * (step + 1) / warmup
    progress = (step - warmup) / max(1, config.steps - 1 - warmup)
    cosine = 0.5 * (1 + math.cos(math.pi * min(1.0, progress)))
    return config.learning_rate * (FINAL_SHARE + (1 - FINAL_SHARE) * cosine)


def build(model: nn.Module, config: TrainConfig) -> torch.optim.AdamW:
    """Norm weights do not decay: a decayed gain would only fight the loss."""
    parameters = list(model.parameters())
    groups = [
        {"params": [p for p in parameters if p.ndim >= 2], "weight_decay": config.weight_decay},
        {"params": [p for p in parameters if p.ndim < 2], "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(groups, lr=config.learning_rate, betas=(config.beta1, config.beta2), fused=True)


def set_learning_rate(optimizer: torch.optim.Optimizer, rate: float) -> None:
    for group in optimizer.param_groups:
        group["lr"] = rate


def state_tensors(optimizer: torch.optim.Optimizer, model: nn.Module) -> dict[str, Tensor]:
    """The optimizer's state as flat tensors, "<parameter>/<moment>": safetensors holds it, so nothing is unpickled."""
    return {
        f"{name}/{key}": value.detach().cpu().contiguous()
        for name, parameter in model.named_parameters()
        for key, value in optimizer.state[parameter].items()
    }


def load_state_tensors(optimizer: torch.optim.Optimizer, model: nn.Module, tensors: Mapping[str, Tensor]) -> None:
    """The inverse of `state_tensors`. Raises ValueError naming a parameter whose state is missing."""
    for name, parameter in model.named_parameters():
        state = {key.rsplit("/", 1)[1]: value for key, value in tensors.items() if key.rsplit("/", 1)[0] == name}
        if not state:
            raise ValueError(f"the saved optimizer has no state for {name}; it belongs to another model")
        optimizer.state[parameter] = {key: value.to(parameter.device) for key, value in state.items()}

"""Update: one optimizer step over a global batch, by all ranks together.

(tokens, targets) [B, T] -> loss -> gradients, averaged over ranks -> clipped -> guard -> weights
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.distributed.tensor import DTensor
from torch.nn.utils import clip_grad_norm_

from training.config import TrainConfig
from training.distributed.parallel import World
from training.optim.schedule import learning_rate
from training.run.state import State


class Update(NamedTuple):
    """The mean `loss` in nats a token, before the update, and why there was none. The same on every rank."""

    loss: float
    grad_norm: float
    rate: float
    fault: str | None


def update(
    state: State,
    replica: nn.Module,
    batch: tuple[Tensor, ...],
    targets: int,
    *,
    config: TrainConfig,
    world: World,
    dtype: torch.dtype,
) -> Update:
    """Takes `state` one step on. `batch` are this rank's tokens, targets and segments; `targets` counts those of all
    ranks that are asked for, so that the loss is their mean, on however many ranks.
    """
    if config.dropout:  # what is dropped follows the step, and not what was drawn before it
        torch.manual_seed((config.seed << 31) + state.step * world.size + world.rank)
    parts = world.micro_batches(batch, config.micro_batch)
    total = torch.zeros((), dtype=torch.float64, device=world.device)
    replica.train()
    for number, part in enumerate(parts):
        with world.synced(replica, last=number == len(parts) - 1):
            with world.precision(dtype):
                loss = replica(*part)
            # Gradients are averaged over ranks; the loss is a mean over the global batch, hence the factor.
            (loss * (world.size / targets)).backward()
        total += loss.detach()
    mean = world.sum(float(total)) / targets
    found = clip_grad_norm_(state.model.parameters(), config.clip)
    norm = float(found.full_tensor() if isinstance(found, DTensor) else found)
    rate = learning_rate(config, state.step)
    fault = state.guard.fault(mean, norm)
    if fault is None:
        state.optimizer.step(rate)
    state.optimizer.zero_grad()
    state.step += 1
    return Update(mean, norm, rate, fault)

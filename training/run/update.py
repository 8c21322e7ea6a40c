"""Update: one optimizer step over a global batch, by all ranks together.

batch -> loss -> gradients, averaged over ranks -> clipped -> guard -> weights
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.distributed.tensor import DTensor
from torch.nn.utils import clip_grad_norm_

from training.config import TrainConfig
from training.data.sequences import IGNORED
from training.distributed.parallel import World
from training.optim.schedule import scheduled_rate
from training.run.state import State


class Update(NamedTuple):
    """What a step did, the same on every rank: the mean `loss` in nats a token before it, and `fault`, why the weights
    were left as they were, or None."""

    loss: float
    grad_norm: float
    learning_rate: float
    fault: str | None


def update_weights(
    state: State,
    replica: nn.Module,
    batch: tuple[Tensor, ...],
    *,
    config: TrainConfig,
    world: World,
    dtype: torch.dtype,
) -> Update:
    """Advances `state` by one step. `batch` is what this rank's model reads and predicts, the targets second; the loss
    is the mean over the targets of all ranks, however many those are.
    """
    targets = world.sum(int((batch[1] != IGNORED).sum()))
    if config.dropout:  # what is dropped depends on the step alone, not on what was drawn before
        torch.manual_seed((config.seed << 31) + state.step * world.size + world.rank)
    parts = world.micro_batches(batch, config.micro_batch)
    total = torch.zeros((), dtype=torch.float64, device=world.device)
    replica.train()
    for number, part in enumerate(parts):
        with world.sync_gradients(replica, last=number == len(parts) - 1):
            with world.precision(dtype):
                loss = replica(*part)
            # Gradients are averaged over ranks; the loss is a mean over the global batch, hence the factor.
            (loss * (world.size / targets)).backward()
        total += loss.detach()
    mean = world.sum(float(total)) / targets
    total_norm = clip_grad_norm_(state.model.parameters(), config.max_grad_norm)
    norm = float(total_norm.full_tensor() if isinstance(total_norm, DTensor) else total_norm)
    rate = scheduled_rate(config, state.step)
    fault = state.guard.check(mean, norm)
    if fault is None:
        state.optimizer.step(rate)
    state.optimizer.zero_grad()
    state.step += 1
    return Update(mean, norm, rate, fault)

"""Held-out loss: the mean over sequences that are never trained on, the same ones each time."""

from __future__ import annotations

import numpy as np
import torch
from torch import nn

from training.config import TrainConfig
from training.data.loader import IGNORED
from training.data.prefetch import tensors
from training.distributed.parallel import World
from training.objectives.examples import Examples


@torch.no_grad()
def compute_heldout_loss(
    model: nn.Module, examples: Examples, world: World, config: TrainConfig, dtype: torch.dtype
) -> float:
    """The mean in nats a target over `config.eval_sequences`, spread evenly over the set. All ranks must call it."""
    sequences = examples.loader.sequences
    count = min(config.eval_sequences, sequences)
    chosen = np.arange(count) * sequences // count
    mine = chosen[world.rank :: world.size]
    # Ranks that share a model must make equally many passes: a rank with a row too few repeats one that counts nothing.
    rows = -(-count // world.size)
    batch = tensors(examples.read(np.concatenate([mine, chosen[: rows - len(mine)]])))
    batch[1][len(mine) :] = IGNORED
    targets = world.sum(int((batch[1] != IGNORED).sum()))
    model.eval()
    total = 0.0
    for part in world.micro_batches(batch, config.micro_batch):
        with world.precision(dtype):
            total += float(model(*part))
    return world.sum(total) / targets

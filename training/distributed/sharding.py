"""Sharding: a model of which every rank holds a part (FSDP2; Zhao et al. 2023, arXiv:2304.11277)."""

from __future__ import annotations

import torch
import torch.distributed as dist
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import MixedPrecisionPolicy, fully_shard, register_fsdp_forward_method

from training.models.module import TrainableModel


def shard(model: TrainableModel, device: torch.device, dtype: torch.dtype) -> None:
    """Distributes the parameters over all ranks, layer by layer, so that one layer at a time is whole on the device.

    They are gathered in `dtype`. Activations between layers and the tables of positions stay float32, as with DDP.
    """
    mesh = init_device_mesh(device.type, (dist.get_world_size(),))
    lower = dtype if dtype != torch.float32 else None
    policy = MixedPrecisionPolicy(param_dtype=lower, reduce_dtype=torch.float32, cast_forward_inputs=False)
    for block in model.blocks:
        fully_shard(block, mesh=mesh, mp_policy=policy)
    fully_shard(model, mesh=mesh, mp_policy=policy)
    for method in model.READING:
        register_fsdp_forward_method(model, method)

"""Sharding: a model of which every rank holds a share (FSDP2), and tensors that are files, whole or shared.

A file is the same safetensors whichever way the model is laid out, so that a run may go on with another number of
ranks, or from DDP to FSDP2 and back. Ranks write their shares by torch.distributed.checkpoint, one puts them together.
FSDP: Zhao et al. 2023, arXiv:2304.11277. All ranks see one file system.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from pathlib import Path

import torch
import torch.distributed as dist
import torch.distributed.checkpoint as dcp
from safetensors.torch import load_file, save_file
from torch import Tensor
from torch.distributed.checkpoint import HuggingFaceStorageReader, HuggingFaceStorageWriter
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import MixedPrecisionPolicy, fully_shard, register_fsdp_forward_method
from torch.distributed.tensor import DTensor

from training.models.transformer import Transformer


def shard(model: Transformer, device: torch.device, dtype: torch.dtype) -> None:
    """Spreads the parameters over all ranks, layer by layer, so that one layer at a time is whole on the device.

    They are gathered in `dtype`. What flows between layers, and the tables of positions, stay float32, as under DDP.
    """
    mesh = init_device_mesh(device.type, (dist.get_world_size(),))
    lower = dtype if dtype != torch.float32 else None
    policy = MixedPrecisionPolicy(param_dtype=lower, reduce_dtype=torch.float32, cast_forward_inputs=False)
    for layer in model.model.layers:
        fully_shard(layer, mesh=mesh, mp_policy=policy)
    fully_shard(model, mesh=mesh, mp_policy=policy)
    for method in ("hidden", "logits"):
        register_fsdp_forward_method(model, method)


def is_shared(tensors: Mapping[str, Tensor]) -> bool:
    return any(isinstance(value, DTensor) for value in tensors.values())


def save_tensors(tensors: Mapping[str, Tensor], path: Path, first: bool) -> None:
    """Writes one safetensors file. Every rank calls it; where the tensors are whole, the first alone writes."""
    if not is_shared(tensors):
        if first:
            save_file(
                {name: value.detach().cpu().contiguous() for name, value in tensors.items()}, path, {"format": "pt"}
            )
        return
    parts = path.with_suffix(".parts")
    shares = {name: value.detach() for name, value in tensors.items()}
    dcp.save(
        shares, storage_writer=HuggingFaceStorageWriter(str(parts), save_distributed=True, enable_consolidation=True)
    )
    if first:
        [joined] = parts.glob("*.safetensors")
        os.rename(joined, path)
        shutil.rmtree(parts)


def load_tensors(tensors: Mapping[str, Tensor], path: Path) -> None:
    """Copies a file's values into `tensors`; of shared ones, each rank reads its share. Raises ValueError naming both
    when the file holds other tensors."""
    if is_shared(tensors):
        dcp.load(dict(tensors), storage_reader=HuggingFaceStorageReader(str(path.parent)))
        return
    found = load_file(path)
    if set(found) != set(tensors):
        odd = sorted(set(found) ^ set(tensors))[0]
        raise ValueError(f"{path}: {odd} is {'not' if odd in tensors else 'only'} in the file; it is of another model")
    with torch.no_grad():
        for name, value in tensors.items():
            value.copy_(found[name])

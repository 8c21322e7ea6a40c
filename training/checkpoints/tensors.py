"""Tensors that are files: the same safetensors whether each rank holds a model whole or a part of it.

So a run may be continued with another number of ranks, or from DDP to FSDP2 and back. Ranks write their parts by
torch.distributed.checkpoint, and the first joins them. All ranks see one file system.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from pathlib import Path

import torch
import torch.distributed.checkpoint as dcp
from safetensors.torch import load_file, save_file
from torch import Tensor
from torch.distributed.checkpoint import HuggingFaceStorageReader, HuggingFaceStorageWriter
from torch.distributed.tensor import DTensor


def is_sharded(tensors: Mapping[str, Tensor]) -> bool:
    return any(isinstance(value, DTensor) for value in tensors.values())


def save_tensors(tensors: Mapping[str, Tensor], path: Path, is_main: bool) -> None:
    """Writes one safetensors file. Every rank calls it; where tensors are whole, only the main rank writes."""
    if not is_sharded(tensors):
        if is_main:
            save_file(
                {name: value.detach().cpu().contiguous() for name, value in tensors.items()}, path, {"format": "pt"}
            )
        return
    folder = path.with_suffix(".parts")
    parts_of_rank = {name: value.detach() for name, value in tensors.items()}
    dcp.save(
        parts_of_rank,
        storage_writer=HuggingFaceStorageWriter(str(folder), save_distributed=True, enable_consolidation=True),
    )
    if is_main:
        [joined] = folder.glob("*.safetensors")
        os.rename(joined, path)
        shutil.rmtree(folder)


def load_tensors(tensors: Mapping[str, Tensor], path: Path) -> None:
    """Copies a file's values into `tensors`; of sharded ones, each rank reads its part. Raises ValueError when the file
    holds other tensors, naming one."""
    if is_sharded(tensors):
        dcp.load(dict(tensors), storage_reader=HuggingFaceStorageReader(str(path.parent)))
        return
    stored = load_file(path)
    if different := sorted(set(stored) ^ set(tensors)):
        which = "lacks" if different[0] in tensors else "has, unlike the model,"
        raise ValueError(f"{path} {which} {different[0]}; it is of another model")
    with torch.no_grad():
        for name, value in tensors.items():
            value.copy_(stored[name])

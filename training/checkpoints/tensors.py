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

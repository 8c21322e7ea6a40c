"""Device: where a process computes, and in which precision. Does not import torch.distributed, which takes seconds."""

from __future__ import annotations

import torch


def pick_device() -> torch.device:
    """For a process that is not part of a run: the first GPU, else the CPU."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def choose_dtype(name: str, device: torch.device) -> torch.dtype:
    """The dtype of matrix products. "auto": bfloat16 where there are matrix units for it (CUDA, AMX), else float32."""
    if name != "auto":
        return torch.bfloat16 if name == "bfloat16" else torch.float32
    fast = device.type == "cuda" or torch.cpu._is_amx_tile_supported()
    return torch.bfloat16 if fast else torch.float32


def require_determinism(threads: int) -> None:
    """For a process that is not part of a run: sets the number of CPU threads, which decides the order of sums, and
    makes an operation that may differ from run to run raise a RuntimeError. `torch.use_deterministic_algorithms` would
    tell PyTorch's compiler too, which no such process uses and whose import takes longer than a short answer."""
    torch.set_num_threads(threads)
    torch.set_deterministic_debug_mode("error")

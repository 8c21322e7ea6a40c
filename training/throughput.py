"""Throughput: tokens a second, the share of the machine's peak that they use, and the time that is left."""

from __future__ import annotations

import time

import torch

# Dense bfloat16 FLOP/s of one device, from NVIDIA's data sheets (without sparsity).
PEAKS = {"H200": 989e12, "H100": 989e12, "A100": 312e12}


def peak_flops(device: torch.device, dtype: torch.dtype) -> float:
    """FLOP/s of one rank at its best: from the table, else what a matmul of 1024 x 1024 (CUDA: 8192) reaches."""
    if device.type == "cuda" and dtype == torch.bfloat16:
        name = torch.cuda.get_device_name(device)
        for part, peak in PEAKS.items():
            if part in name:
                return peak
    size = 8192 if device.type == "cuda" else 1024
    left = torch.ones(size, size, dtype=dtype, device=device)
    best = float("inf")
    for _ in range(8):
        start = time.perf_counter()
        _wait(device, left @ left)
        best = min(best, time.perf_counter() - start)
    return 2 * size**3 / best


def _wait(device: torch.device, _: torch.Tensor) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)


class Meter:
    """Counts tokens against the clock, evaluation and saving left out of neither: this is what a user waits for."""

    def __init__(self, flops_per_token: int, peak: float, tokens_left: int) -> None:
        self.flops_per_token, self.peak, self.tokens_left = flops_per_token, peak, tokens_left
        self._mark, self._tokens = time.monotonic(), 0
        self.tokens_per_second = 0.0

    def add(self, tokens: int) -> None:
        self._tokens += tokens
        self.tokens_left = max(0, self.tokens_left - tokens)

    def lap(self) -> float:
        """Ends a lap: tokens a second since the last one."""
        now = time.monotonic()
        self.tokens_per_second = self._tokens / max(1e-9, now - self._mark)
        self._mark, self._tokens = now, 0
        return self.tokens_per_second

    @property
    def seconds(self) -> float:
        """Since the last lap ended."""
        return time.monotonic() - self._mark

    @property
    def utilization(self) -> float:
        """Model FLOPs utilization, a share of the peak of all ranks."""
        return self.tokens_per_second * self.flops_per_token / self.peak

    @property
    def eta(self) -> str:
        if not self.tokens_per_second:
            return "?"
        minutes, seconds = divmod(round(self.tokens_left / self.tokens_per_second), 60)
        return f"{minutes // 60}:{minutes % 60:02d}:{seconds:02d}" if minutes >= 60 else f"{minutes}:{seconds:02d}"

"""Throughput: tokens a second, the fraction of the machine's peak that they use, and the time that is left."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

import torch

# Dense bfloat16 FLOP/s of one device, from NVIDIA's data sheets (without sparsity).
PEAKS = {"H200": 989e12, "H100": 989e12, "A100": 312e12}


def measure_peak_flops(device: torch.device, dtype: torch.dtype) -> float:
    """The most FLOP/s of one rank: from the table, else what a matmul of 1024 x 1024 (CUDA: 8192) reaches."""
    if device.type == "cuda" and dtype == torch.bfloat16:
        name = torch.cuda.get_device_name(device)
        for part, peak in PEAKS.items():
            if part in name:
                return peak
    size = 8192 if device.type == "cuda" else 1024
    left = torch.ones(size, size, dtype=dtype, device=device)
    shortest = float("inf")
    for _ in range(8):
        start = time.perf_counter()
        _wait(device, left @ left)
        shortest = min(shortest, time.perf_counter() - start)
    return 2 * size**3 / shortest


def _wait(device: torch.device, _: torch.Tensor) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)


@dataclass
class Lap:
    """A part of a run: its tokens, and the seconds that its steps waited for their batches."""

    tokens: int = 0
    waited: float = 0.0
    begin: float = field(default_factory=time.monotonic)

    @property
    def seconds(self) -> float:
        return max(1e-9, time.monotonic() - self.begin)


class Meter:
    """Counts tokens and seconds, those of evaluation and saving included: this is what a user waits for."""

    def __init__(self, flops_per_token: int, peak: float, tokens_left: int) -> None:
        """`peak` is in FLOP/s, of all ranks together."""
        self.flops_per_token, self.peak, self.tokens_left = flops_per_token, peak, tokens_left
        self._run, self._lap = Lap(), Lap()

    def add(self, tokens: int, waited: float) -> None:
        """One step, which waited so many seconds for its batch."""
        for lap in (self._run, self._lap):
            lap.tokens += tokens
            lap.waited += waited
        self.tokens_left = max(0, self.tokens_left - tokens)

    @property
    def seconds(self) -> float:
        """Since the last lap ended."""
        return self._lap.seconds

    def lap(self) -> dict[str, float]:
        """Ends a lap: its speeds."""
        speeds, self._lap = self._speeds(self._lap), Lap()
        return speeds

    def totals(self) -> dict[str, float]:
        """The speeds of the run so far."""
        return {**self._speeds(self._run), "seconds": self._run.seconds}

    def _speeds(self, lap: Lap) -> dict[str, float]:
        """`mfu`, model FLOPs utilization, is a fraction of the peak of all ranks (Chowdhery et al. 2022), `data_wait`
        of the time."""
        rate = lap.tokens / lap.seconds
        return {
            "tokens_per_second": rate,
            "mfu": rate * self.flops_per_token / self.peak,
            "data_wait": lap.waited / lap.seconds,
        }

    def format_eta(self, tokens_per_second: float) -> str:
        """The time that is left, as h:mm:ss or m:ss."""
        if not tokens_per_second:
            return "?"
        minutes, seconds = divmod(round(self.tokens_left / tokens_per_second), 60)
        return f"{minutes // 60}:{minutes % 60:02d}:{seconds:02d}" if minutes >= 60 else f"{minutes}:{seconds:02d}"

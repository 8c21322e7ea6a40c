"""Guard: steps whose loss or gradient must not reach the weights.

A step is skipped when its loss or gradient norm is not finite, or when its loss is beyond 6 sigma of the last 64.
Its inputs are the same on every rank, so all ranks decide alike.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterable

HISTORY = 64
SIGMAS = 6.0
MAX_SKIPPED = 3  # one bad batch is the data's fault; three are the run's


class Guard:
    """`losses` are the accepted ones before this step, oldest first; `skipped` counts the bad steps in a row."""

    def __init__(self, losses: Iterable[float] = (), skipped: int = 0) -> None:
        self.losses = deque(losses, maxlen=HISTORY)
        self.skipped = skipped

    def check(self, loss: float, grad_norm: float) -> str | None:
        """Why the step must be skipped, or None. Counts the step either way."""
        reason = self._reason(loss, grad_norm)
        if reason is None:
            self.losses.append(loss)
            self.skipped = 0
        else:
            self.skipped += 1
        return reason

    def _reason(self, loss: float, grad_norm: float) -> str | None:
        if not math.isfinite(loss):
            return f"loss is {loss}"
        if not math.isfinite(grad_norm):
            return f"gradient norm is {grad_norm}"
        if len(self.losses) == HISTORY:
            mean = math.fsum(self.losses) / HISTORY
            sigma = math.sqrt(math.fsum((past - mean) ** 2 for past in self.losses) / HISTORY)
            if loss > mean + SIGMAS * sigma:
                return f"loss {loss:.4f} is beyond {SIGMAS:g} sigma of the last {HISTORY} ({mean:.4f} +- {sigma:.4f})"
        return None

    @property
    def exhausted(self) -> bool:
        return self.skipped >= MAX_SKIPPED

    def state(self) -> dict[str, list[float] | int]:
        return {"losses": list(self.losses), "skipped": self.skipped}

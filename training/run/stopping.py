"""Stopping: a run ends early when its held-out loss has not been the best for a while (Prechelt 1998)."""

from __future__ import annotations

import math
from typing import Any


class EarlyStopping:
    """The `best` held-out loss so far, its `step`, and how many have followed. A `patience` of 0 never stops."""

    def __init__(self, patience: int, best: float | None = None, step: int = 0, since_best: int = 0) -> None:
        self.patience, self.best, self.step, self.since_best = patience, best, step, since_best
        self.last: float | None = None

    def add(self, loss: float, step: int) -> None:
        self.last = loss
        if math.isfinite(loss) and (self.best is None or loss < self.best):
            self.best, self.step, self.since_best = loss, step, 0
        else:
            self.since_best += 1

    @property
    def should_stop(self) -> bool:
        return 0 < self.patience <= self.since_best

    def state(self) -> dict[str, Any]:
        return {"best": self.best, "step": self.step, "since_best": self.since_best}

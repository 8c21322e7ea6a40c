"""Stopping: a run ends early when its held-out loss has not been the best for a while (Prechelt 1998)."""

from __future__ import annotations

import math
from typing import Any


class Stopping:
    """Of the held-out losses so far: the `best` and its step, and how many `worse` ones have followed in a row.

    A `patience` of 0 waits for ever.
    """

    def __init__(self, patience: int, best: float | None = None, step: int = 0, worse: int = 0) -> None:
        self.patience, self.best, self.step, self.worse = patience, best, step, worse
        self.last: float | None = None

    def add(self, loss: float, step: int) -> None:
        self.last = loss
        if math.isfinite(loss) and (self.best is None or loss < self.best):
            self.best, self.step, self.worse = loss, step, 0
        else:
            self.worse += 1

    @property
    def now(self) -> bool:
        return 0 < self.patience <= self.worse

    def state(self) -> dict[str, Any]:
        return {"best": self.best, "step": self.step, "worse": self.worse}

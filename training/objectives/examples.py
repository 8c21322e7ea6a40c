"""Examples: the batches of a loader as an objective makes them: what a model reads and predicts at each step."""

from __future__ import annotations

import numpy as np

from training.data.loader import Loader
from training.objectives.objective import Arrays, Objective

HELD_OUT = 1 << 48  # more than all sequences of any run


class Examples:
    def __init__(self, loader: Loader, objective: Objective) -> None:
        self.loader, self.objective = loader, objective

    def batch(self, step: int) -> Arrays:
        """This rank's part of a step, (G / world, ...) each."""
        share = self.loader.global_batch // self.loader.world
        first = step * self.loader.global_batch + self.loader.rank * share
        return self.objective(self.loader.batch(step), np.arange(first, first + share))

    def read(self, sequences: np.ndarray) -> Arrays:
        """Sequences by number, (B, ...) each: of held-out ones, what is drawn is the same every time, and as at the end
        of a run."""
        return self.objective(self.loader.read(sequences), HELD_OUT + np.asarray(sequences, dtype=np.int64))

    def fetch_ahead(self, step: int) -> None:
        """Starts downloading what a step will read, where that is remote."""
        self.loader.fetch_ahead(step)

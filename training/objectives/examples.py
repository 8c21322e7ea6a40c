"""Examples: the batches of a loader as an objective makes them: what a model reads and predicts at each step."""

from __future__ import annotations

import numpy as np

from training.data.loader import Loader
from training.objectives.objective import Arrays, Objective


class Examples:
    def __init__(self, loader: Loader, objective: Objective) -> None:
        self.loader, self.objective = loader, objective

    def batch(self, step: int) -> Arrays:
        """This rank's part of a step, (G / world, ...) each."""
        share = self.loader.global_batch // self.loader.world
        first = step * self.loader.global_batch + self.loader.rank * share
        return self.objective(self.loader.batch(step), np.arange(first, first + share))

    def read(self, sequences: np.ndarray) -> Arrays:
        """Sequences by number, (B, ...) each: of held-out ones, what is drawn is the same every time."""
        return self.objective(self.loader.read(sequences), np.asarray(sequences, dtype=np.int64))

    def fetch_ahead(self, step: int) -> None:
        """Starts downloading what a step will read, where that is remote."""
        self.loader.fetch_ahead(step)

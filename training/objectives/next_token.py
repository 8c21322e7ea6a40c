"""Next token: each token is predicted from those before it."""

from __future__ import annotations

import numpy as np

from training.data.sequences import Batch
from training.objectives.objective import Arrays


class NextToken:
    """The batch as it is."""

    def __call__(self, batch: Batch, samples: np.ndarray) -> Arrays:
        """tokens and targets, both int64 (B, T), and segments where there are any."""
        return tuple(part for part in batch if part is not None)

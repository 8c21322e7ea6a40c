"""Replaced tokens: a generator fills masks, and the model says which tokens are none of the text (Clark et al. 2020).

B sequences   T tokens
"""

from __future__ import annotations

import numpy as np

from training.data.sequences import Batch
from training.objectives.masked_tokens import MaskedTokens
from training.objectives.objective import Arrays, Text, drawn_for


class ReplacedTokens(MaskedTokens):
    """All tokens that are predicted are replaced by the mask."""

    def __init__(self, text: Text, seed: int, share: float, whole_words: bool = False) -> None:
        super().__init__(text, seed, share, whole_words, masked=1.0, random=0.0)

    def __call__(self, batch: Batch, samples: np.ndarray) -> Arrays:
        """tokens and targets, both int64 (B, T), a number in [0, 1) for each place by which the generator chooses a
        token there, float32 (B, T), and segments where there are any."""
        tokens, targets, *segments = super().__call__(batch, samples)
        rows = [drawn_for(sample, self.seed + 1).random_sample(tokens.shape[1]) for sample in samples.tolist()]
        return tokens, targets, np.array(rows, dtype=np.float32), *segments

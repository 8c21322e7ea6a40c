"""Both sides: some sequences are read from left to right, of the others hidden tokens are predicted from both sides.

A hidden token is predicted by the state before it, as any next token is, so that one model learns both (Charpentier and
Samuel 2024, masked next-token prediction).

    B sequences   T tokens
"""

from __future__ import annotations

import numpy as np

from training.data.sequences import IGNORED, Batch
from training.objectives.masked_tokens import MaskedTokens
from training.objectives.objective import Arrays, Text, drawn_for

MASKED_SEQUENCES = 0.5  # of all; the others are read from left to right


class BothSides:
    """`share` of the tokens of a sequence that is read on both sides are predicted."""

    def __init__(self, text: Text, seed: int, share: float, whole_words: bool = False) -> None:
        self.text, self.seed = text, seed
        self.masks = MaskedTokens(text, seed, share, whole_words)

    def __call__(self, batch: Batch, samples: np.ndarray) -> Arrays:
        """tokens and targets, both int64 (B, T), and which sequences are read on both sides, bool (B,)."""
        drawn = [drawn_for(sample, self.seed + 1).random_sample() for sample in samples.tolist()]
        both_sides = np.array(drawn) < MASKED_SEQUENCES
        tokens, asked, *_ = self.masks(batch, samples)
        asked[:, 0] = IGNORED  # no state is before it
        tokens[:, 0] = batch.tokens[:, 0]
        behind = np.full_like(asked, IGNORED)
        behind[:, :-1] = asked[:, 1:]
        chosen = both_sides[:, None]
        return np.where(chosen, tokens, batch.tokens), np.where(chosen, behind, batch.targets), both_sides

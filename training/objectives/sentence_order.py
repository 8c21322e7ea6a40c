"""Sentence order: which of two parts of a text comes first, beside its masked tokens (Lan et al. 2020).

read   eos FIRST eos SECOND    or, of every second sequence,    eos SECOND eos FIRST

B sequences   T tokens
"""

from __future__ import annotations

import numpy as np

from training.data.sequences import Batch
from training.objectives.masked_tokens import MaskedTokens
from training.objectives.objective import Arrays, Text, drawn_for


class SentenceOrder:
    """Of each sequence the first T - 2 tokens, in two halves. `share` of them are predicted."""

    def __init__(self, text: Text, seed: int, share: float, whole_words: bool = False) -> None:
        self.text, self.seed = text, seed
        self.masks = MaskedTokens(text, seed, share, whole_words)

    def __call__(self, batch: Batch, samples: np.ndarray) -> Arrays:
        """tokens and targets, both int64 (B, T), and whether the parts are swapped, int64 (B,)."""
        length = batch.tokens.shape[1]
        middle = (length - 2) // 2
        first, second = batch.tokens[:, :middle], batch.tokens[:, middle : length - 2]
        eos = np.full((len(samples), 1), self.text.eos, dtype=np.int64)
        swapped = np.array([drawn_for(sample, self.seed + 1).randint(2) for sample in samples.tolist()])
        straight, turned = (
            np.concatenate([eos, one, eos, other], axis=1) for one, other in ((first, second), (second, first))
        )
        joined = np.where(swapped[:, None] == 1, turned, straight)
        tokens, targets, *_ = self.masks(Batch(joined, joined), samples)
        return tokens, targets, swapped.astype(np.int64)

"""Autoencoding: a text is told again from the point that was made of it.

Variational (Bowman et al. 2016): points are drawn around their means, and are to be as if from a normal distribution.
That divergence weighs nothing at first, else points would say nothing of their texts; its weight rises to 1 in the
first half of the run. Some of the tokens that the decoder reads are hidden, so that it needs the point.

    B sequences   T tokens   Z numbers of a point
"""

from __future__ import annotations

import numpy as np

from training.data.sequences import Batch
from training.objectives.objective import Arrays, Text, drawn_for

LATENT = 32  # Z
RISING = 0.5  # of the run, in which the divergence gains weight


class Autoencoding:
    """`share` of the tokens that the decoder reads are hidden. `samples`: sequences of the whole run; None: points are
    their means."""

    def __init__(self, text: Text, seed: int, share: float, samples: int | None) -> None:
        self.text, self.seed, self.share, self.samples = text, seed, share, samples

    def __call__(self, batch: Batch, samples: np.ndarray) -> Arrays:
        """tokens and targets, both the text, int64 (B, T), what the decoder reads, int64 (B, T), noise, float32 (B, Z),
        and the weight of the divergence, float32 (B,)."""
        tokens = batch.tokens
        before = np.concatenate([np.full((len(tokens), 1), self.text.eos, dtype=np.int64), tokens[:, :-1]], axis=1)
        noise = np.zeros((len(tokens), LATENT), dtype=np.float32)
        for row, sample in enumerate(samples.tolist()):
            random = drawn_for(sample, self.seed)
            before[row, random.random_sample(before.shape[1]) < self.share] = self.text.vocab_size
            if self.samples:
                noise[row] = random.standard_normal(LATENT)
        rising = max(1.0, RISING * self.samples) if self.samples else np.inf
        return tokens, tokens.copy(), before, noise, np.minimum(1.0, samples / rising).astype(np.float32)

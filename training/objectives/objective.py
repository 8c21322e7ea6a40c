"""Objective: what all objectives have in common. Needs no torch.

B sequences   T tokens
"""

from __future__ import annotations

from typing import NamedTuple, Protocol

import numpy as np

from training.data.sequences import Batch

Arrays = tuple[np.ndarray, ...]  # the arguments of a model, (B, ...) each; the second are the targets


class Text(NamedTuple):
    """What an objective knows of the tokens: how many there are, and the one that opens a document. Tokens of its own
    have the ids from `vocab_size` on."""

    vocab_size: int
    eos: int


class Objective(Protocol):
    def __call__(self, batch: Batch, samples: np.ndarray) -> Arrays:
        """What a model reads and predicts of these sequences.

        `samples`, int64 (B,), number the sequences in the order of training: what is drawn for one depends on its
        number and the seed alone, and so is the same on any number of ranks and after any restart.
        """
        ...


def drawn_for(sample: int, seed: int) -> np.random.RandomState:
    """The random numbers of one sequence. RandomState never changes what it draws (NEP 19)."""
    return np.random.RandomState([seed, sample & 0xFFFFFFFF, sample >> 32])

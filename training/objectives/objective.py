"""Objective: what all objectives have in common. Needs no torch.

B sequences   T tokens
"""

from __future__ import annotations

import re
from functools import cached_property
from typing import Protocol

import numpy as np
from tokenizers import Tokenizer

from training.data.sequences import Batch
from training.objectives.words import Words

Arrays = tuple[np.ndarray, ...]  # the arguments of a model, (B, ...) each; the second are the targets


SENTENCE_END = re.compile(r"([.!?…。！？][\"'”’)\]」』]*\s*|.*\n\s*)$", re.DOTALL)


class Text:
    """What an objective knows of the tokens: how many there are, the one that opens a document, and what they spell.
    Tokens of its own have the ids from `vocab_size` on."""

    def __init__(self, vocab_size: int, eos: int, tokenizer: bytes = b"") -> None:
        self.vocab_size, self.eos, self._tokenizer = vocab_size, eos, tokenizer

    @cached_property
    def words(self) -> Words:
        return Words(self._tokenizer, self.vocab_size)

    @cached_property
    def ends_sentence(self) -> np.ndarray:
        """bool (V,): whether a token is the last of a sentence or of a line, as far as its own letters say."""
        tokenizer = Tokenizer.from_str(self._tokenizer.decode())
        spelled = tokenizer.decode_batch([[token] for token in range(self.vocab_size)], skip_special_tokens=False)
        found = np.array([bool(SENTENCE_END.search(text)) for text in spelled])
        found[self.eos] = True
        return found


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

"""Prompt bits: how well a model predicts a prompt, in bits per byte, measured while the prompt is read.

Bits per byte fall with length, as there is more to predict from. So prompts and documents are compared by their first
tokens, as many of each: LENGTHS of them.

T tokens of a piece   D model width
"""

from __future__ import annotations

import math
from bisect import bisect
from collections.abc import Callable, Sequence

import torch
from torch import Tensor
from torch.nn import functional

from training.models.module import CausalModel

LENGTHS = (8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512)  # tokens; of a longer text the beginning counts


class PromptBits:
    """Of one prompt of token ids. The first token is predicted from nothing, and is not counted."""

    def __init__(self, prompt: Sequence[int]) -> None:
        self._prompt, self._read = prompt, 0
        self._bits: list[float] = []
        place = bisect(LENGTHS, len(prompt) - 1)
        self.lengths = LENGTHS[:place]  # that the prompt has

    @property
    def complete(self) -> bool:
        return not self.lengths or len(self._bits) == self.lengths[-1]

    def add(self, model: CausalModel, states: Tensor) -> None:
        """The states [1, T, D] of the next piece of the prompt. Only as many logits are computed as are asked for."""
        if not self.complete:
            targets = self._prompt[self._read + 1 : min(self._read + states.shape[1], self.lengths[-1]) + 1]
            logits = model.scores(states[0, : len(targets)]).float()
            nats = functional.cross_entropy(logits, torch.tensor(targets), reduction="none")
            self._bits += (nats / math.log(2)).tolist()
        self._read += states.shape[1]

    def per_byte(self, length: int, decode: Callable[[list[int]], str]) -> float | None:
        """Of the first `length` tokens, one of `lengths`; None where they are control tokens alone."""
        size = len(decode(list(self._prompt[1 : length + 1])).encode())
        return math.fsum(self._bits[:length]) / size if size else None

"""Letter models: whether they know a text is known, so that what is measured of them is known too."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from training.inference.batches import Batch

ALPHABET = 128


@dataclass
class Letters:
    """A model whose tokens are the bytes of ASCII. It knows whole texts by heart: inside one each next letter has a
    probability near 1, elsewhere all letters have the same. It looks `remembers` letters back."""

    known: Sequence[str] = ()
    context: int = 4096
    prefix: int = 0
    branches: bool = False
    remembers: int = 11
    known_text: str = field(init=False)

    def __post_init__(self) -> None:
        self.known_text = "\0".join(["", *self.known, ""])

    def encode(self, texts: Sequence[str], special: bool) -> list[list[int]]:
        return [[min(ord(letter), ALPHABET - 1) for letter in text] for text in texts]

    def decode(self, tokens: Sequence[int]) -> str:
        return "".join(map(chr, tokens))

    spell = decode

    def log_likelihoods(self, batch: Batch) -> tuple[np.ndarray, np.ndarray]:
        scores = []
        for index, target in zip(batch.indices.tolist(), batch.targets.tolist(), strict=True):
            row, column = divmod(index, batch.tokens.shape[1])
            before = self.decode(batch.tokens[row, max(0, column - self.remembers) : column + 1].tolist())
            told = before + chr(target)
            scores.append(-0.01 if told in self.known_text else math.log(1 / ALPHABET))
        return np.array(scores), np.array(scores) > -1

    def generate(
        self, prompts: Sequence[list[int]], max_tokens: int, stop: Callable[[list[int]], bool]
    ) -> list[list[int]]:
        found = []
        for prompt in prompts:
            place = self.known_text.find(self.decode(prompt))
            end = place + len(prompt)
            text = self.known_text[end : end + max_tokens] if place >= 0 else "x" * max_tokens
            found.append([ord(letter) for letter in text])
        return found

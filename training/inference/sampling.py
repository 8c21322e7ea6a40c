"""Sampling: how the next token of a text is drawn from what a model says of all tokens.

V vocabulary
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import torch
from torch import Tensor

OF_THE_DRAW = ("temperature", "top_k", "top_p", "min_p", "seed")


@dataclass(frozen=True, kw_only=True)
class Sampling:
    """How a token is drawn, after a text: tokens that the text has already are made less likely by the
    `repetition_penalty` (Keskar et al. 2019; 1: off), the `temperature` sharpens the probabilities (0: always the
    likeliest), and the draw is among the `top_k` likeliest (0: all), of these among the fewest whose probabilities add
    up to `top_p` (Holtzman et al. 2020), and of these among those at least `min_p` times as probable as the likeliest
    (Nguyen et al. 2024). That is the order of transformers.

    With several `beams` nothing is drawn: the likeliest text is searched for (beam_search.py). Raises ValueError,
    naming the setting, for a value outside of its range, or for one of the draw beside several beams.
    """

    temperature: float = 0.8
    top_k: int = 50
    top_p: float = 1.0
    min_p: float = 0.0
    repetition_penalty: float = 1.0
    seed: int = 0
    beams: int = 1

    def __post_init__(self) -> None:
        if not 0 <= self.temperature < float("inf"):
            raise ValueError(f"temperature is {self.temperature}; it must be 0 or more")
        if self.top_k < 0:
            raise ValueError(f"top_k is {self.top_k}; it must be 0 (no limit) or more")
        if not 0 < self.top_p <= 1:
            raise ValueError(f"top_p is {self.top_p}; it must be above 0 and at most 1")
        if not 0 <= self.min_p <= 1:
            raise ValueError(f"min_p is {self.min_p}; it must be 0 (no limit) or more and at most 1")
        if not 0 < self.repetition_penalty < float("inf"):
            raise ValueError(f"repetition_penalty is {self.repetition_penalty}; it must be above 0, and 1 is none")
        if self.beams < 1:
            raise ValueError(f"beams is {self.beams}; it must be 1 (draw token after token) or more")
        if self.beams > 1 and (drawing := self._settings_of_the_draw()):
            raise ValueError(
                f"beams is {self.beams}, and beam search draws nothing: leave out {', '.join(drawing)}, or beams"
            )

    def _settings_of_the_draw(self) -> list[str]:
        """Those that are neither as by default nor 0, which turns each of them off."""
        defaults = {field.name: field.default for field in fields(self)}
        given = {name: getattr(self, name) for name in OF_THE_DRAW}
        return [f"{name} {value}" for name, value in given.items() if value not in (0, defaults[name])]

    def draw(self, logits: Tensor, text: Sequence[int], generator: torch.Generator) -> int:
        """A token id, by logits [V], after the ids of the `text`, prompt included."""
        if self.temperature == 0:
            return int(self.penalize(logits, text).argmax())
        return int(torch.multinomial(self.probabilities(logits, text), 1, generator=generator))

    def probabilities(self, logits: Tensor, text: Sequence[int]) -> Tensor:
        """In what proportion each token is drawn, [V]; those that are not drawn have 0. For temperatures above 0."""
        logits = self.penalize(logits, text)
        # Before the temperature, which leaves the likeliest the likeliest.
        if 0 < self.top_k < len(logits):
            logits = logits.masked_fill(logits < logits.topk(self.top_k).values[-1], float("-inf"))
        probabilities = (logits / self.temperature).softmax(-1)
        if self.top_p < 1:
            descending, order = probabilities.sort(descending=True, stable=True)
            # A token stays while those before it add up to less than top_p; the likeliest always, also where top_p is
            # so small that it is 0 in float32.
            dropped = descending.cumsum(-1) - descending >= self.top_p
            dropped[0] = False
            probabilities[order[dropped]] = 0
        if self.min_p > 0:
            probabilities[probabilities < self.min_p * probabilities.max()] = 0
        return probabilities

    def penalize(self, scores: Tensor, text: Sequence[int]) -> Tensor:
        """Scores [V] with those of the tokens of the `text` divided by the penalty, or multiplied where negative."""
        if self.repetition_penalty == 1:
            return scores
        seen = torch.tensor(sorted(set(text)), device=scores.device)
        before = scores[seen]
        after = torch.where(before < 0, before * self.repetition_penalty, before / self.repetition_penalty)
        return scores.scatter(0, seen, after)


GREEDY = Sampling(temperature=0)

"""Scaling: learning rate and batch of a run from the size of its model and its tokens.

Step Law (Li et al. 2025, arXiv:2503.04715, equation 1), fitted on 3,700 runs of AdamW, 60M to 1B parameters on 2 to 100
billion tokens:

    rate = 1.79 N^-0.713 D^0.307        batch = 0.58 D^0.571 tokens

    N parameters without the embeddings   D tokens
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from training.config import ModelConfig, TrainConfig
from training.models.size import matrix_parameters

PARAMETERS, TOKENS = (60e6, 1.0e9), (2e9, 100e9)  # what the law was fitted on


@dataclass(frozen=True, kw_only=True)
class Scaling:
    """`learning_rate` at its peak, for AdamW; `global_batch` in sequences; `steps`, numbered, explain them."""

    learning_rate: float
    global_batch: int
    steps: tuple[str, ...]


def derive(config: ModelConfig, *, tokens: int, context: int) -> Scaling:
    """The batch is the nearest power of two, in sequences: whatever number of ranks a run goes on with, it divides."""
    size = matrix_parameters(config)
    rate = float(f"{1.79 * size**-0.713 * tokens**0.307:.2g}")
    wanted = 0.58 * tokens**0.571
    batch = 2 ** max(0, round(math.log2(wanted / context)))
    inside = PARAMETERS[0] <= size <= PARAMETERS[1] and TOKENS[0] <= tokens <= TOKENS[1]
    lines = (
        f"parameters without embeddings: N = {size:,}",
        f"tokens: D = {tokens:,}",
        f"learning rate: 1.79 N^-0.713 D^0.307 = {rate:.2g} (Step Law, Li et al. 2025)",
        f"batch: 0.58 D^0.571 = {wanted:,.0f} tokens = {batch} sequences of {context}, a power of two",
        "within the 60M to 1B parameters and 2 to 100 billion tokens of its runs"
        if inside
        else "outside of the 60M to 1B parameters and 2 to 100 billion tokens of its runs: a first guess",
    )
    numbered = tuple(f"{number}. {line}" for number, line in enumerate(lines, start=1))
    return Scaling(learning_rate=rate, global_batch=batch, steps=numbered)


def resolve(config: TrainConfig, model: ModelConfig) -> tuple[TrainConfig, tuple[str, ...]]:
    """The plan with what it leaves to the law, and the steps that explain it; none where it leaves nothing."""
    if config.learning_rate and config.global_batch:
        return config, ()
    found = derive(model, tokens=config.tokens, context=config.context)
    rate, batch = config.learning_rate or found.learning_rate, config.global_batch or found.global_batch
    return replace(config, learning_rate=rate, global_batch=batch), found.steps

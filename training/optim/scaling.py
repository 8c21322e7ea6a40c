"""Scaling: peak learning rate and batch size, from the size of the model and the number of tokens.

Step Law (Li et al. 2025, arXiv:2503.04715, equation 1), fitted on 3,700 runs with AdamW, of 60M to 1B parameters and 2
to 100 billion tokens:

    rate = 1.79 N^-0.713 D^0.307        batch = 0.58 D^0.571 tokens

    N parameters without embeddings   D tokens
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from training.config import TrainConfig
from training.models.config import ModelConfig

PARAMETERS, TOKENS = (60e6, 1.0e9), (2e9, 100e9)  # the range that the law was fitted on


@dataclass(frozen=True, kw_only=True)
class Scaling:
    """`learning_rate` is the peak, for AdamW; `global_batch` counts sequences; `explanation` derives both, in lines."""

    learning_rate: float
    global_batch: int
    explanation: tuple[str, ...]


def derive_scaling(config: ModelConfig, *, tokens: int, context: int) -> Scaling:
    """By Step Law. The batch is rounded to a power of two of sequences, so that many numbers of ranks divide it."""
    size = config.matrix_parameters
    rate = float(f"{1.79 * size**-0.713 * tokens**0.307:.2g}")
    batch_tokens = 0.58 * tokens**0.571
    batch = 2 ** max(0, round(math.log2(batch_tokens / context)))
    inside = PARAMETERS[0] <= size <= PARAMETERS[1] and TOKENS[0] <= tokens <= TOKENS[1]
    lines = (
        f"parameters without embeddings: N = {size:,}",
        f"tokens: D = {tokens:,}",
        f"learning rate: 1.79 N^-0.713 D^0.307 = {rate:.2g} (Step Law, Li et al. 2025)",
        f"batch: 0.58 D^0.571 = {batch_tokens:,.0f} tokens = {batch} sequences of {context}, a power of two",
        "within the range that the law was fitted on: 60M to 1B parameters, 2 to 100 billion tokens"
        if inside
        else "outside of the range that the law was fitted on, 60M to 1B parameters, 2 to 100 billion tokens: a guess",
    )
    numbered = tuple(f"{number}. {line}" for number, line in enumerate(lines, start=1))
    return Scaling(learning_rate=rate, global_batch=batch, explanation=numbered)


def apply_step_law(config: TrainConfig, model: ModelConfig) -> tuple[TrainConfig, tuple[str, ...]]:
    """The plan with a learning rate or batch of 0 replaced by Step Law's, and the explanation; empty if none was 0."""
    if config.learning_rate and config.global_batch:
        return config, ()
    scaling = derive_scaling(model, tokens=config.tokens, context=config.context)
    rate, batch = config.learning_rate or scaling.learning_rate, config.global_batch or scaling.global_batch
    return replace(config, learning_rate=rate, global_batch=batch), scaling.explanation

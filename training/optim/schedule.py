"""Schedule: the learning rate of each step, as a fraction of its peak.

warmup: linear up to the peak (Goyal et al. 2017)        cosine: Loshchilov and Hutter 2017
wsd: warmup, stable, decay (Hu et al. 2024, MiniCPM), the decay linear (Hägele et al. 2024)
linear, exponential: from the peak, right after the warmup, down to `final_lr_fraction` of it
"""

from __future__ import annotations

import math

from training.config import TrainConfig


def scheduled_rate(config: TrainConfig, step: int) -> float:
    """The learning rate of the update that follows `step` updates."""
    warmup = round(config.warmup_fraction * config.steps)
    if step < warmup:
        return config.learning_rate * (step + 1) / warmup
    # From 0 right after the warmup to 1 at the last step; steps beyond the plan keep the last rate.
    progress = min(1.0, (step - warmup) / max(1, config.steps - 1 - warmup))
    return config.learning_rate * _fraction(config, progress)


def _fraction(config: TrainConfig, progress: float) -> float:
    end = config.final_lr_fraction
    match config.schedule:
        case "cosine":
            return end + (1 - end) * 0.5 * (1 + math.cos(math.pi * progress))
        case "wsd":
            decay = config.decay_fraction / (1 - config.warmup_fraction)  # of what follows the warmup
            return 1.0 if progress <= 1 - decay else end + (1 - end) * (1 - progress) / decay
        case "linear":
            return end + (1 - end) * (1 - progress)
        case "exponential":
            return max(end, 1e-4) ** progress
        case "constant":
            return 1.0
    raise AssertionError(config.schedule)

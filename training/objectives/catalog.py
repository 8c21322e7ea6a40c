"""Catalog: the objectives by name. Needs no torch."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from training.config import TrainConfig
from training.objectives.autoencoding import Autoencoding
from training.objectives.both_sides import BothSides
from training.objectives.denoising import Denoising
from training.objectives.masked_tokens import MaskedTokens
from training.objectives.next_token import NextToken
from training.objectives.objective import Objective, Text
from training.objectives.replaced_tokens import ReplacedTokens
from training.objectives.sentence_order import SentenceOrder
from training.objectives.span_corruption import SENTINELS, SpanCorruption


@dataclass(frozen=True, kw_only=True)
class Known:
    """`tokens`: those of its own, which follow on the vocabulary of the shards, in the order of their ids. `roles`:
    of them, in the names of Hugging Face's tokenizer_config.json."""

    build: Callable[[Text, TrainConfig], Objective]
    tokens: tuple[str, ...] = ()
    roles: Mapping[str, str] = field(default_factory=dict)


MASK = "<|mask|>"
HIDES: Mapping[str, Any] = {"tokens": (MASK,), "roles": {"mask_token": MASK}}
OBJECTIVES: dict[str, Known] = {
    "next_token": Known(build=lambda text, plan: NextToken()),
    "masked_tokens": Known(
        build=lambda text, plan: MaskedTokens(text, plan.seed, plan.mask_share, plan.whole_words),
        **HIDES,
    ),
    "sentence_order": Known(
        build=lambda text, plan: SentenceOrder(text, plan.seed, plan.mask_share, plan.whole_words),
        **HIDES,
    ),
    "replaced_tokens": Known(
        build=lambda text, plan: ReplacedTokens(text, plan.seed, plan.mask_share, plan.whole_words),
        **HIDES,
    ),
    "denoising": Known(
        build=lambda text, plan: Denoising(text, plan.seed, plan.mask_share, plan.mean_span),
        **HIDES,
    ),
    "both_sides": Known(
        build=lambda text, plan: BothSides(text, plan.seed, plan.mask_share, plan.whole_words),
        **HIDES,
    ),
    "variational": Known(
        build=lambda text, plan: Autoencoding(text, plan.seed, plan.mask_share, plan.steps * plan.global_batch),
        **HIDES,
    ),
    "autoencoding": Known(
        build=lambda text, plan: Autoencoding(text, plan.seed, plan.mask_share, None),
        **HIDES,
    ),
    "span_corruption": Known(
        build=lambda text, plan: SpanCorruption(text, plan.seed, plan.mask_share, plan.mean_span),
        tokens=tuple(f"<extra_id_{number}>" for number in range(SENTINELS)),
    ),
}

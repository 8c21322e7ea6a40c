"""Presets: sizes of models and training plans by name, each a function. Needs no torch."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from training.config import TrainConfig
from training.models.config import SIZES, ModelConfig
from training.models.families import FAMILIES
from training.objectives.catalog import OBJECTIVES
from training.shape import Shape, Size

Preset = tuple[Size, TrainConfig]
DEFAULT_FAMILY = "qwen3"


def tiny() -> Preset:
    """For the demo: about two minutes on two CPU cores. It ends after a number of tokens, not of minutes, so that its
    bytes are always the same.

    Chosen by trial on library documentation, in equal time, one seed each (held-out loss in nats a token): initial
    weights of 0.02, which suit a width of 768, gave 3.87; 0.06 gave 2.93; with 4 sequences a step and half the learning
    rate, 2.75. A width of 256 gave 2.90. With Muon, all else equal: learning rates of 3e-3, 6e-3 (linear to zero) and
    8e-3 gave 3.88, 3.79 and 3.74, where AdamW at 3e-3 gave 3.99.
    """
    size = Size(
        width=192,
        feed_forward=512,
        layers=4,
        heads=3,
        kv_heads=3,
        head_width=64,
        context=256,
        initial_weights=0.06,
    )
    train = TrainConfig(
        tokens=768_000,
        context=256,
        global_batch=4,
        micro_batch=4,
        learning_rate=8e-3,
        eval_every=150,
        eval_sequences=64,
        checkpoint_every=150,
        threads=2,
        dtype="float32",
    )
    return size, train


def small() -> Preset:
    """124M parameters with GPT-2's vocabulary, about 20 tokens for each (Hoffmann et al. 2022). For one GPU."""
    size = Size(
        width=768,
        feed_forward=2048,
        layers=12,
        heads=12,
        kv_heads=12,
        head_width=64,
        context=1024,
    )
    train = TrainConfig(
        tokens=2_500_000_000,
        context=1024,
        micro_batch=32,
        warmup_fraction=0.02,
    )
    return size, train


def base() -> Preset:
    """About 1.0B parameters, 20 tokens for each. For a node of GPUs."""
    size = Size(
        width=2048,
        feed_forward=6144,
        layers=18,
        heads=16,
        kv_heads=8,
        head_width=128,
        context=2048,
        rope_theta=500_000.0,
    )
    train = TrainConfig(
        tokens=20_000_000_000,
        context=2048,
        micro_batch=8,
        warmup_fraction=0.02,
    )
    return size, train


PRESETS: dict[str, Callable[[], Preset]] = {"tiny": tiny, "small": small, "base": base}


def make_plan(
    preset: str,
    vocab_size: int,
    eos: int,
    shape: Shape | None = None,
    settings: Mapping[str, Any] | None = None,
    family: str | None = None,
    start: ModelConfig | None = None,
) -> tuple[ModelConfig, TrainConfig]:
    """A preset in another shape and with other settings, by their names in TrainConfig, as a model of a family; its
    context is the model's, and the objective's own tokens follow on the vocabulary. Where the run begins with the
    weights of another model, `start`, shape, context and family are its own unless another context or family is given.
    Raises ValueError for a model or plan that cannot be."""
    size, train = PRESETS[preset]()
    family = family or (start.model_type if start else DEFAULT_FAMILY)
    model = FAMILIES[family]
    context = {"context": start.max_position_embeddings} if start else {}
    train = replace(train, **{"objective": model.OBJECTIVES[0], **context, **(settings or {})})
    if train.objective not in model.OBJECTIVES:
        raise ValueError(
            f"objective {train.objective!r}: the family {family} learns {' or '.join(model.OBJECTIVES)}; take one of "
            f"them, or another --family"
        )
    vocab_size, shape = vocab_size + len(OBJECTIVES[train.objective].tokens), shape or Shape()
    if start is None:
        return model.of_size(shape.apply(size, train.context), vocab_size, eos), train
    _check_shape(shape, start)
    return model.in_shape_of(start, vocab_size=vocab_size, eos_token_id=eos, context=train.context), train


def _check_shape(shape: Shape, start: ModelConfig) -> None:
    """Raises ValueError, with both numbers, where a part that is given is not that of the start."""
    for name, part in SIZES.items():
        given = getattr(shape, part, None)
        if given is not None and given != (found := getattr(start, name, given)):
            raise ValueError(
                f"{part} {given}: the model to start from has {found}; leave it out, or start from another model"
            )

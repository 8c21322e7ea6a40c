"""Presets: model shapes and training plans by name, each a function of the vocabulary size and the id of eos."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from training.config import ModelConfig, Shape, TrainConfig

Plan = tuple[ModelConfig, TrainConfig]


def tiny(vocab_size: int, eos: int) -> Plan:
    """For the demo: about two minutes on two CPU cores. It ends after a number of tokens, not of minutes, so that its
    bytes are always the same.

    Chosen by trial on library documentation, in equal time, one seed each (held-out loss in nats a token): initial
    weights of 0.02, which suit a width of 768, gave 3.87; 0.06 gave 2.93; with 4 sequences a step and half the learning
    rate, 2.75. A width of 256 gave 2.90. With Muon, all else equal: learning rates of 3e-3, 6e-3 (linear to zero) and
    8e-3 gave 3.88, 3.79 and 3.74, where AdamW at 3e-3 gave 3.99.
    """
    model = ModelConfig(
        vocab_size=vocab_size,
        eos_token_id=eos,
        hidden_size=192,
        intermediate_size=512,
        num_hidden_layers=4,
        num_attention_heads=3,
        num_key_value_heads=3,
        head_dim=64,
        max_position_embeddings=256,
        initializer_range=0.06,
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
    return model, train


def small(vocab_size: int, eos: int) -> Plan:
    """124M parameters with GPT-2's vocabulary, about 20 tokens for each (Hoffmann et al. 2022). For one GPU."""
    model = ModelConfig(
        vocab_size=vocab_size,
        eos_token_id=eos,
        hidden_size=768,
        intermediate_size=2048,
        num_hidden_layers=12,
        num_attention_heads=12,
        num_key_value_heads=12,
        head_dim=64,
        max_position_embeddings=1024,
    )
    train = TrainConfig(
        tokens=2_500_000_000,
        context=1024,
        micro_batch=32,
        warmup_fraction=0.02,
    )
    return model, train


def base(vocab_size: int, eos: int) -> Plan:
    """About 1.0B parameters, 20 tokens for each. For a node of GPUs."""
    model = ModelConfig(
        vocab_size=vocab_size,
        eos_token_id=eos,
        hidden_size=2048,
        intermediate_size=6144,
        num_hidden_layers=18,
        num_attention_heads=16,
        num_key_value_heads=8,
        head_dim=128,
        max_position_embeddings=2048,
        rope_theta=500_000.0,
    )
    train = TrainConfig(
        tokens=20_000_000_000,
        context=2048,
        micro_batch=8,
        warmup_fraction=0.02,
    )
    return model, train


PRESETS: dict[str, Callable[[int, int], Plan]] = {"tiny": tiny, "small": small, "base": base}


def make_plan(preset: str, vocab_size: int, eos: int, shape: Shape, settings: Mapping[str, Any]) -> Plan:
    """A preset in another shape and with other settings, by their names in TrainConfig; its context is the model's."""
    model, train = PRESETS[preset](vocab_size, eos)
    train = replace(train, **settings)
    return replace(shape.apply(model), max_position_embeddings=train.context), train

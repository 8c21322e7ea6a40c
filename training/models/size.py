"""Size: how many parameters a model has, and how many FLOPs a token costs in training. Needs no torch."""

from __future__ import annotations

from training.config import ModelConfig


def matrix_parameters(config: ModelConfig) -> int:
    """N: all weights except the embedding and the output matrix."""
    width, heads = config.hidden_size, config.num_attention_heads + config.num_key_value_heads
    attention = 2 * width * heads * config.head_dim + 2 * config.head_dim
    layer = attention + 3 * width * config.intermediate_size + 2 * width
    return config.num_hidden_layers * layer + width


def flops_per_token(config: ModelConfig) -> int:
    """FLOPs of a token in training at full context: 6N + 12 L (H E) T, N including the output matrix. Looking up an
    embedding costs nothing."""
    width = config.num_attention_heads * config.head_dim
    attention = 12 * config.num_hidden_layers * width * config.max_position_embeddings
    return 6 * (matrix_parameters(config) + config.vocab_size * config.hidden_size) + attention

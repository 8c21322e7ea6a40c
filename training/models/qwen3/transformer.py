"""Transformer: a decoder-only language model of the Qwen3 architecture.

Its parameter names are Hugging Face's, so `state_dict()` is model.safetensors as it stands.

    B batch   T tokens   D width   E head width   V vocabulary

    x = embed(tokens);   for each layer: x += attention(norm(x)); x += mlp(norm(x));   logits = norm(x) @ W_head
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from training.models.cache import Caches, KeyValueCache, Tree, place
from training.models.initial import initialize
from training.models.masks import Mask
from training.models.module import CausalModel
from training.models.quantized import QuantizedMatrix
from training.models.qwen3.config import Qwen3Config
from training.models.qwen3.layers import Layer, RMSNorm


class Decoder(nn.Module):
    def __init__(self, config: Qwen3Config, dropout: float = 0.0) -> None:
        super().__init__()
        self.embed_tokens = nn.Embedding(config.vocab_size, config.hidden_size)
        self.layers = nn.ModuleList(Layer(config, dropout) for _ in range(config.num_hidden_layers))
        self.norm = RMSNorm(config.hidden_size, config.rms_norm_eps)


class Transformer(CausalModel):
    """Called with tokens and targets, both int64 [B, T], it returns the summed loss; `logits` returns scores.

    Dropout and label smoothing (Szegedy et al. 2016) are part of the loss in training mode alone.
    """

    branches = True
    config: Qwen3Config
    cos: Tensor
    sin: Tensor

    def __init__(
        self, config: Qwen3Config, seed: int = 0, *, dropout: float = 0.0, label_smoothing: float = 0.0
    ) -> None:
        super().__init__()
        self.config, self.label_smoothing = config, label_smoothing
        self.model = Decoder(config, dropout)
        if not config.tie_word_embeddings:
            self.lm_head = nn.Linear(config.hidden_size, config.vocab_size, bias=False)
        frequencies = config.rope_theta ** -(torch.arange(0, config.head_dim, 2).float() / config.head_dim)
        angles = torch.outer(torch.arange(config.max_position_embeddings).float(), frequencies)
        self.register_buffer("cos", angles.cos(), persistent=False)
        self.register_buffer("sin", angles.sin(), persistent=False)
        residual, layers = ("o_proj.weight", "down_proj.weight"), config.num_hidden_layers
        initialize(self, config.initializer_range, seed, residual=residual, layers=layers)

    @property
    def head(self) -> Tensor:
        """The output matrix [V, D]."""
        return self.model.embed_tokens.weight if self.config.tie_word_embeddings else self.lm_head.weight

    def scores(self, states: Tensor) -> Tensor:
        table = self.model.embed_tokens if self.config.tie_word_embeddings else self.lm_head
        return table.multiply(states) if isinstance(table, QuantizedMatrix) else super().scores(states)

    @property
    def blocks(self) -> Sequence[nn.Module]:
        return list(self.model.layers)

    def new_cache(self, batch: int, capacity: int) -> KeyValueCache:
        config = self.config
        return KeyValueCache(
            config.num_hidden_layers,
            config.num_key_value_heads,
            config.head_dim,
            batch=batch,
            capacity=min(capacity, config.max_position_embeddings),
            device=self.device,
        )

    def hidden(
        self,
        tokens: Tensor,
        cache: Caches | None = None,
        segments: Tensor | None = None,
        tree: Tree | None = None,
    ) -> Tensor:
        positions, mask = place(tokens, self.config.max_position_embeddings, cache, segments, tree)
        return self.states(tokens, positions, mask, cache)

    def states(self, tokens: Tensor, positions: slice | Tensor, mask: Mask, cache: Caches | None) -> Tensor:
        """`hidden` of tokens at these positions that see what the mask lets them see."""
        cos, sin = self.cos[positions], self.sin[positions]
        x = self.model.embed_tokens(tokens).float()  # FSDP may have gathered the table in bfloat16
        for number, layer in enumerate(self.model.layers):
            x = layer(x, cos, sin, mask, None if cache is None else (cache, number))
        if cache is not None:
            cache.grow(tokens.shape[1])
        return self.model.norm(x)

"""Transformer: a decoder-only language model of the Qwen3 architecture.

Its parameter names are Hugging Face's, so `state_dict()` is model.safetensors as it stands.

    B batch   T tokens   D width   E head width   V vocabulary

    x = embed(tokens);   for each layer: x += attention(norm(x)); x += mlp(norm(x));   logits = norm(x) @ W_head
"""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from training.config import ModelConfig
from training.models.cache import Cache
from training.models.layers import Layer, RMSNorm
from training.models.masks import Mask, segment_mask, tree_mask
from training.models.size import flops_per_token
from training.ops.loss import cross_entropy


class Decoder(nn.Module):
    def __init__(self, config: ModelConfig, dropout: float = 0.0) -> None:
        super().__init__()
        self.embed_tokens = nn.Embedding(config.vocab_size, config.hidden_size)
        self.layers = nn.ModuleList(Layer(config, dropout) for _ in range(config.num_hidden_layers))
        self.norm = RMSNorm(config.hidden_size, config.rms_norm_eps)


class Transformer(nn.Module):
    """Called with tokens and targets, both int64 [B, T], it returns the summed loss; `logits` returns scores.

    Dropout and label smoothing (Szegedy et al. 2016) are part of the loss in training mode alone.
    """

    cos: Tensor
    sin: Tensor

    def __init__(
        self, config: ModelConfig, seed: int = 0, *, dropout: float = 0.0, label_smoothing: float = 0.0
    ) -> None:
        super().__init__()
        self.config, self.label_smoothing, self.compiled = config, label_smoothing, False
        self.model = Decoder(config, dropout)
        if not config.tie_word_embeddings:
            self.lm_head = nn.Linear(config.hidden_size, config.vocab_size, bias=False)
        frequencies = config.rope_theta ** -(torch.arange(0, config.head_dim, 2).float() / config.head_dim)
        angles = torch.outer(torch.arange(config.max_position_embeddings).float(), frequencies)
        self.register_buffer("cos", angles.cos(), persistent=False)
        self.register_buffer("sin", angles.sin(), persistent=False)
        self._initialize(seed)

    @torch.no_grad()
    def _initialize(self, seed: int) -> None:
        """Normal weights; those that write into the residual stream shrink with depth (Radford et al. 2019)."""
        generator = torch.Generator().manual_seed(seed)
        for name, weight in self.named_parameters():
            if weight.ndim == 2:
                std = self.config.initializer_range
                if name.endswith(("o_proj.weight", "down_proj.weight")):
                    std /= math.sqrt(2 * self.config.num_hidden_layers)
                weight.normal_(0.0, std, generator=generator)

    @property
    def head(self) -> Tensor:
        """The output matrix [V, D]."""
        return self.model.embed_tokens.weight if self.config.tie_word_embeddings else self.lm_head.weight

    @property
    def parameter_count(self) -> int:
        return sum(parameter.numel() for parameter in self.parameters())

    @property
    def flops_per_token(self) -> int:
        return flops_per_token(self.config)

    def hidden(
        self,
        tokens: Tensor,
        cache: Cache | None = None,
        segments: Tensor | None = None,
        tree: tuple[Tensor, Tensor] | None = None,
    ) -> Tensor:
        """Final hidden states [B, T, D] of tokens [B, T].

        `cache` holds the tokens read before and is extended by these; once it is filled, T must be 1. Attention stays
        within equal numbers of `segments` [B, T]. `tree` are positions and ends, both [B, T], of rows that branch: a
        token q attends to k when k <= q < ends[k].
        """
        if tree is not None:
            positions, ends = tree
            return self._run_layers(tokens, self.cos[positions], self.sin[positions], tree_mask(ends), None)
        start, length = (cache.longest if cache else 0), tokens.shape[1]
        if start + length > self.config.max_position_embeddings:
            raise ValueError(f"{start + length} tokens exceed the context of {self.config.max_position_embeddings}")
        cos, sin = self.cos[start : start + length], self.sin[start : start + length]
        mask: Mask = None
        if cache is not None and start:
            assert length == 1, "several tokens over a filled cache would need another mask"
            if not cache.even:
                cos, sin = self.cos[cache.lengths, None], self.sin[cache.lengths, None]  # [B, 1, E/2]
                mask = (torch.arange(start + 1, device=tokens.device) <= cache.lengths[:, None])[:, None, None]
        elif segments is not None:
            mask = segment_mask(segments)
        hidden = self._run_layers(tokens, cos, sin, mask, cache)
        if cache is not None:
            cache.grow(length)
        return hidden

    def _run_layers(self, tokens: Tensor, cos: Tensor, sin: Tensor, mask: Mask, cache: Cache | None) -> Tensor:
        x = self.model.embed_tokens(tokens).float()  # FSDP may have gathered the table in bfloat16
        for number, layer in enumerate(self.model.layers):
            x = layer(x, cos, sin, mask, None if cache is None else (cache, number))
        return self.model.norm(x)

    def logits(self, tokens: Tensor, cache: Cache | None = None) -> Tensor:
        """Scores [B, T, V] of the token that follows each of tokens [B, T]."""
        return functional.linear(self.hidden(tokens, cache), self.head)

    def forward(self, tokens: Tensor, targets: Tensor, segments: Tensor | None = None) -> Tensor:
        """Negative log-likelihood in nats, summed over the targets of all B x T except those IGNORED."""
        hidden = self.hidden(tokens, segments=segments)
        smoothing = self.label_smoothing if self.training else 0.0
        return cross_entropy(hidden.flatten(0, 1), self.head, targets.flatten(), smoothing)


def compile_layers(model: Transformer, backend: Any = "inductor") -> None:
    """Makes torch.compile fuse each layer, in place: names stay. To be called before DDP or fully_shard wrap the model.

    No layer depends on its number, so one compilation serves all of them.
    """
    model.compiled = True
    for layer in model.model.layers:
        layer.compile(backend=backend, fullgraph=True)

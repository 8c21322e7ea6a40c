"""Transformer: a decoder-only language model, the Qwen3 architecture in one file.

Its parameter names are Hugging Face's, so `state_dict()` is model.safetensors as it stands.

    B batch   T tokens   D width   H heads   K key-value heads   E head width   V vocabulary

    x = embed(tokens);   for each layer: x += attention(norm(x)); x += mlp(norm(x));   logits = norm(x) @ W_head

RMSNorm: Zhang and Sennrich 2019. Rotary positions: Su et al. 2021. Grouped queries: Ainslie et al. 2023. Norms on
queries and keys: Henry et al. 2020. SwiGLU: Shazeer 2020.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.checkpoint import checkpoint

from training.config import ModelConfig

# Keys and values [B, K, T, E] of each layer, for the tokens already read.
Cache = list[tuple[Tensor, Tensor]]

# Logits held at once by the loss: 2**26 in float32 are 256 MiB, where 32k tokens x 50k vocabulary would take 6.6 GB.
LOGITS_AT_ONCE = 1 << 26


class RMSNorm(nn.Module):
    """x / rms(x) * weight over the last dimension."""

    def __init__(self, width: int, eps: float) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))
        self.eps = eps

    def forward(self, x: Tensor) -> Tensor:
        return functional.rms_norm(x, self.weight.shape, self.weight.to(x.dtype), self.eps)


def rotate(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """Turns each pair (x[i], x[i + E/2]) of x [B, H, T, E] by its position's angle; cos, sin are [T, E]."""
    first, second = x.chunk(2, dim=-1)
    return x * cos + torch.cat((-second, first), dim=-1) * sin


class Attention(nn.Module):
    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        queries = config.num_attention_heads * config.head_dim
        keys = config.num_key_value_heads * config.head_dim
        self.head_dim = config.head_dim
        self.grouped = config.num_attention_heads != config.num_key_value_heads
        self.q_proj = nn.Linear(config.hidden_size, queries, bias=False)
        self.k_proj = nn.Linear(config.hidden_size, keys, bias=False)
        self.v_proj = nn.Linear(config.hidden_size, keys, bias=False)
        self.o_proj = nn.Linear(queries, config.hidden_size, bias=False)
        self.q_norm = RMSNorm(config.head_dim, config.rms_norm_eps)
        self.k_norm = RMSNorm(config.head_dim, config.rms_norm_eps)

    def forward(
        self, x: Tensor, cos: Tensor, sin: Tensor, past: tuple[Tensor, Tensor] | None
    ) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        batch, length, _ = x.shape
        heads = (batch, length, -1, self.head_dim)
        q = rotate(self.q_norm(self.q_proj(x).view(heads)).transpose(1, 2), cos, sin)
        k = rotate(self.k_norm(self.k_proj(x).view(heads)).transpose(1, 2), cos, sin)
        v = self.v_proj(x).view(heads).transpose(1, 2)
        q, k = q.to(v.dtype), k.to(v.dtype)
        if past is not None:
            k, v = torch.cat((past[0], k), dim=2), torch.cat((past[1], v), dim=2)
        y = functional.scaled_dot_product_attention(q, k, v, is_causal=length > 1, enable_gqa=self.grouped)
        return self.o_proj(y.transpose(1, 2).reshape(batch, length, -1)), (k, v)


class MLP(nn.Module):
    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.gate_proj = nn.Linear(config.hidden_size, config.intermediate_size, bias=False)
        self.up_proj = nn.Linear(config.hidden_size, config.intermediate_size, bias=False)
        self.down_proj = nn.Linear(config.intermediate_size, config.hidden_size, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        return self.down_proj(functional.silu(self.gate_proj(x)) * self.up_proj(x))


class Layer(nn.Module):
    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.input_layernorm = RMSNorm(config.hidden_size, config.rms_norm_eps)
        self.self_attn = Attention(config)
        self.post_attention_layernorm = RMSNorm(config.hidden_size, config.rms_norm_eps)
        self.mlp = MLP(config)

    def forward(
        self, x: Tensor, cos: Tensor, sin: Tensor, past: tuple[Tensor, Tensor] | None
    ) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        y, present = self.self_attn(self.input_layernorm(x), cos, sin, past)
        x = x + y
        return x + self.mlp(self.post_attention_layernorm(x)), present


class Decoder(nn.Module):
    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.embed_tokens = nn.Embedding(config.vocab_size, config.hidden_size)
        self.layers = nn.ModuleList(Layer(config) for _ in range(config.num_hidden_layers))
        self.norm = RMSNorm(config.hidden_size, config.rms_norm_eps)


class Transformer(nn.Module):
    """Called with tokens and targets, both int64 [B, T], it returns the summed loss; `logits` serves everyone else."""

    cos: Tensor
    sin: Tensor

    def __init__(self, config: ModelConfig, seed: int = 0) -> None:
        super().__init__()
        self.config = config
        self.model = Decoder(config)
        if not config.tie_word_embeddings:
            self.lm_head = nn.Linear(config.hidden_size, config.vocab_size, bias=False)
        frequencies = config.rope_theta ** -(torch.arange(0, config.head_dim, 2).float() / config.head_dim)
        angles = torch.outer(torch.arange(config.max_position_embeddings).float(), frequencies).repeat(1, 2)
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
        """Of training at full context: 6N + 12 L (H E) T. An embedding that is only looked up costs nothing."""
        config = self.config
        looked_up = 0 if config.tie_word_embeddings else config.vocab_size * config.hidden_size
        width = config.num_attention_heads * config.head_dim
        attention = 12 * config.num_hidden_layers * width * config.max_position_embeddings
        return 6 * (self.parameter_count - looked_up) + attention

    def hidden(self, tokens: Tensor, cache: Cache | None = None) -> Tensor:
        """Final hidden states [B, T, D] of tokens [B, T].

        `cache` holds the tokens read before and is brought up to date; over a filled one T must be 1.
        """
        start = cache[0][0].shape[2] if cache else 0
        stop = start + tokens.shape[1]
        if stop > self.config.max_position_embeddings:
            raise ValueError(f"{stop} tokens exceed the context of {self.config.max_position_embeddings}")
        assert start == 0 or tokens.shape[1] == 1, "several tokens over a filled cache would need a mask"
        cos, sin = self.cos[start:stop], self.sin[start:stop]
        x = self.model.embed_tokens(tokens)
        presents = []
        for number, layer in enumerate(self.model.layers):
            x, present = layer(x, cos, sin, cache[number] if cache else None)
            presents.append(present)
        if cache is not None:
            cache[:] = presents
        return self.model.norm(x)

    def logits(self, tokens: Tensor, cache: Cache | None = None) -> Tensor:
        """Scores [B, T, V] of the token that follows each of tokens [B, T]."""
        return functional.linear(self.hidden(tokens, cache), self.head)

    def forward(self, tokens: Tensor, targets: Tensor) -> Tensor:
        """Negative log-likelihood in nats, summed over all B x T targets. In slices, so that logits stay small."""
        hidden = self.hidden(tokens).flatten(0, 1)
        flat = targets.flatten()
        rows = max(1, LOGITS_AT_ONCE // self.config.vocab_size)
        if len(flat) <= rows:
            return self._loss(hidden, flat)
        slices = zip(hidden.split(rows), flat.split(rows), strict=True)
        losses = [checkpoint(self._loss, states, wanted, use_reentrant=False) for states, wanted in slices]
        return torch.stack(losses).sum()

    def _loss(self, hidden: Tensor, targets: Tensor) -> Tensor:
        return functional.cross_entropy(functional.linear(hidden, self.head).float(), targets, reduction="sum")

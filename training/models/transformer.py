"""Transformer: a decoder-only language model, the Qwen3 architecture in one file.

Its parameter names are Hugging Face's, so `state_dict()` is model.safetensors as it stands.

    B batch   T tokens   D width   H heads   K key-value heads   E head width   V vocabulary

    x = embed(tokens);   for each layer: x += attention(norm(x)); x += mlp(norm(x));   logits = norm(x) @ W_head

RMSNorm: Zhang and Sennrich 2019. Rotary positions: Su et al. 2021. Grouped queries: Ainslie et al. 2023. Norms on
queries and keys: Henry et al. 2020. SwiGLU: Shazeer 2020.
"""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.attention.flex_attention import BlockMask, create_block_mask, flex_attention

from training.config import ModelConfig
from training.models.scaling import flops_per_token
from training.ops import fused
from training.ops.loss import cross_entropy

Mask = Tensor | BlockMask | None


class Cache:
    """Keys and values [L, B, K, C, E] of the tokens read, L layers, room for C; `lengths` [B] of them are filled."""

    def __init__(
        self, config: ModelConfig, batch: int = 1, room: int = 0, *, device: torch.device | str = "cpu"
    ) -> None:
        room = min(room or config.max_position_embeddings, config.max_position_embeddings)
        shape = (config.num_hidden_layers, batch, config.num_key_value_heads, room, config.head_dim)
        self.keys, self.values = torch.zeros(shape, device=device), torch.zeros(shape, device=device)
        self.lengths = torch.zeros(batch, dtype=torch.int64, device=device)
        self.longest, self.even = 0, True  # even: all lengths are the same

    def add(self, layer: int, keys: Tensor, values: Tensor) -> tuple[Tensor, Tensor]:
        """Puts keys and values [B, K, T, E] behind those of before. Returns all that there are, up to the longest."""
        stop = self.longest + keys.shape[2]
        for mine, new in ((self.keys[layer], keys), (self.values[layer], values)):
            if self.even:
                mine[:, :, self.longest : stop] = new
            else:
                mine[torch.arange(len(mine)), :, self.lengths] = new[:, :, 0].to(mine.dtype)
        return self.keys[layer, :, :, :stop], self.values[layer, :, :, :stop]

    def grow(self, tokens: int) -> None:
        self.lengths += tokens
        self.longest += tokens

    def cut(self, lengths: Tensor) -> None:
        """Forgets what was read behind these lengths [B]: the padding of the shorter prompts."""
        self.lengths.copy_(lengths)
        self.longest = int(lengths.max())
        self.even = bool((lengths == self.longest).all())


Past = tuple[Cache, int] | None  # and the number of a layer in it


def by_blocks(x: Tensor) -> bool:
    """Whether the operations of `fused` pay for x [B, T, ...]: on a CPU without a compiler, where gradients follow.

    Without them, PyTorch's own keep nothing either, and take two thirds of the time on short rows.
    """
    return x.device.type == "cpu" and torch.is_grad_enabled() and not torch.compiler.is_compiling()


class RMSNorm(nn.Module):
    """x / rms(x) * weight over the last dimension."""

    def __init__(self, width: int, eps: float) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))
        self.eps = eps

    def forward(self, x: Tensor) -> Tensor:
        if by_blocks(x):
            return fused.norm(x, self.weight, self.eps)
        return functional.rms_norm(x, self.weight.shape, self.weight.to(x.dtype), self.eps)


def rotate(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """Turns each pair (x[i], x[i + E/2]) of x [B, T, H, E] by its position's angle; cos, sin are [T, E/2]."""
    first, second = x.chunk(2, dim=-1)
    cos, sin = cos.unsqueeze(-2), sin.unsqueeze(-2)
    return torch.cat((first * cos - second * sin, second * cos + first * sin), dim=-1)


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

    def forward(self, x: Tensor, cos: Tensor, sin: Tensor, mask: Mask, past: Past) -> Tensor:
        heads = (*x.shape[:2], -1, self.head_dim)
        if by_blocks(x):
            found = fused.project(x, self.q_proj.weight, self.k_proj.weight, self.v_proj.weight)
        else:
            found = self.q_proj(x), self.k_proj(x), self.v_proj(x)
        q, k, v = (part.view(heads) for part in found)  # [B, T, H or K, E]
        q, k = self._turn(q, self.q_norm, cos, sin), self._turn(k, self.k_norm, cos, sin)
        q, k, v = (part.transpose(1, 2) for part in (q, k, v))
        if past is not None:
            cache, number = past
            k, v = (part.to(q.dtype) for part in cache.add(number, k, v))
        if isinstance(mask, BlockMask):
            y = flex_attention(q, k, v, block_mask=mask, enable_gqa=self.grouped)
        else:
            causal = mask is None and x.shape[1] > 1
            y = functional.scaled_dot_product_attention(q, k, v, mask, is_causal=causal, enable_gqa=self.grouped)
        return self.o_proj(y.transpose(1, 2).flatten(2))

    @staticmethod
    def _turn(x: Tensor, norm: RMSNorm, cos: Tensor, sin: Tensor) -> Tensor:
        if by_blocks(x) and cos.ndim == 2:
            return fused.norm_rotate(x, norm.weight, cos, sin, norm.eps)
        return rotate(norm(x.float()), cos, sin).to(x.dtype)


class MLP(nn.Module):
    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.gate_proj = nn.Linear(config.hidden_size, config.intermediate_size, bias=False)
        self.up_proj = nn.Linear(config.hidden_size, config.intermediate_size, bias=False)
        self.down_proj = nn.Linear(config.intermediate_size, config.hidden_size, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        if by_blocks(x):
            return self.down_proj(fused.gate(*fused.project(x, self.gate_proj.weight, self.up_proj.weight)))
        return self.down_proj(functional.silu(self.gate_proj(x)) * self.up_proj(x))


class Layer(nn.Module):
    def __init__(self, config: ModelConfig, dropout: float) -> None:
        super().__init__()
        self.dropout = dropout
        self.input_layernorm = RMSNorm(config.hidden_size, config.rms_norm_eps)
        self.self_attn = Attention(config)
        self.post_attention_layernorm = RMSNorm(config.hidden_size, config.rms_norm_eps)
        self.mlp = MLP(config)

    def forward(self, x: Tensor, cos: Tensor, sin: Tensor, mask: Mask = None, past: Past = None) -> Tensor:
        x = x + self._drop(self.self_attn(self.input_layernorm(x), cos, sin, mask, past))
        return x + self._drop(self.mlp(self.post_attention_layernorm(x)))

    def _drop(self, x: Tensor) -> Tensor:
        """Srivastava et al. 2014, on what a branch adds to the residual stream."""
        return functional.dropout(x, self.dropout, self.training) if self.dropout else x


class Decoder(nn.Module):
    def __init__(self, config: ModelConfig, dropout: float = 0.0) -> None:
        super().__init__()
        self.embed_tokens = nn.Embedding(config.vocab_size, config.hidden_size)
        self.layers = nn.ModuleList(Layer(config, dropout) for _ in range(config.num_hidden_layers))
        self.norm = RMSNorm(config.hidden_size, config.rms_norm_eps)


class Transformer(nn.Module):
    """Called with tokens and targets, both int64 [B, T], it returns the summed loss; `logits` serves everyone else.

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

        `cache` holds the tokens read before and is brought up to date; over a filled one T must be 1. Attention stays
        within equal numbers of `segments` [B, T]. `tree` are positions and ends, both [B, T], of rows that
        branch: a token q sees k when k <= q < ends[k].
        """
        if tree is not None:
            positions, ends = tree
            return self._through(tokens, self.cos[positions], self.sin[positions], along(ends), None)
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
            mask = within(segments)
        hidden = self._through(tokens, cos, sin, mask, cache)
        if cache is not None:
            cache.grow(length)
        return hidden

    def _through(self, tokens: Tensor, cos: Tensor, sin: Tensor, mask: Mask, cache: Cache | None) -> Tensor:
        x = self.model.embed_tokens(tokens).float()  # FSDP may have gathered the table in bfloat16
        for number, layer in enumerate(self.model.layers):
            x = layer(x, cos, sin, mask, None if cache is None else (cache, number))
        return self.model.norm(x)

    def logits(self, tokens: Tensor, cache: Cache | None = None) -> Tensor:
        """Scores [B, T, V] of the token that follows each of tokens [B, T]."""
        return functional.linear(self.hidden(tokens, cache), self.head)

    def forward(self, tokens: Tensor, targets: Tensor, segments: Tensor | None = None) -> Tensor:
        """Negative log-likelihood in nats, summed over the targets of all B x T but those that are IGNORED."""
        hidden = self.hidden(tokens, segments=segments)
        smoothing = self.label_smoothing if self.training else 0.0
        return cross_entropy(hidden.flatten(0, 1), self.head, targets.flatten(), smoothing)


def within(segments: Tensor) -> Mask:
    """Who may look at whom: at itself and what came before it, in its own segment of segments [B, T].

    Rotary positions count from the start of the row; as scores depend on distances alone, a document sees what it would
    see alone. CUDA takes FlexAttention (Dong et al. 2024), which skips blocks between documents.
    """
    batch, length = segments.shape
    if segments.device.type != "cuda":
        return (segments[:, :, None] == segments[:, None]).tril_().unsqueeze(1)

    def seen(b: Tensor, _: Tensor, query: Tensor, key: Tensor) -> Tensor:
        return (query >= key) & (segments[b, query] == segments[b, key])

    return create_block_mask(seen, batch, None, length, length, device=str(segments.device))


def along(ends: Tensor) -> Tensor:
    """Who may look at whom [B, 1, T, T]: a token at what came before it and has not ended, for ends [B, T]."""
    now = torch.arange(ends.shape[1], device=ends.device)[:, None]
    return (now < ends[:, None]).tril_().unsqueeze(1)


def compile_layers(model: Transformer, backend: Any = "inductor") -> None:
    """Has torch.compile fuse each layer, in place: names stay. Before DDP or fully_shard are put around.

    A layer knows nothing of its place, so that one compilation serves all of them.
    """
    model.compiled = True
    for layer in model.model.layers:
        layer.compile(backend=backend, fullgraph=True)

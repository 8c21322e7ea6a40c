"""Pre-norm: decoders whose layers have a norm before each part, and positions added to tokens: GPT-2 and XGLM.

B batch   T tokens   D width   V vocabulary

x = embed(token, position);   for each layer: x += attention(norm(x)); x += mlp(norm(x));   logits = norm(x) @ W_tokens
"""

from __future__ import annotations

from abc import abstractmethod

from torch import Tensor, nn
from torch.nn import functional

from training.models.cache import CacheLayer, Caches, KeyValueCache, Tree, place
from training.models.masks import Mask
from training.models.module import CausalModel
from training.models.pre_norm_config import PreNormConfig


class PreNormLayer(nn.Module):
    """A family names its norms, attention and MLP as Hugging Face does."""

    dropout: float

    @abstractmethod
    def attend(self, x: Tensor, mask: Mask, cached: CacheLayer) -> Tensor:
        """Norm and attention of x [B, T, D]."""

    @abstractmethod
    def transform(self, x: Tensor) -> Tensor:
        """Norm and MLP of x [B, T, D]."""

    def forward(self, x: Tensor, mask: Mask, cached: CacheLayer) -> Tensor:
        x = x + self._drop(self.attend(x, mask, cached))
        return x + self._drop(self.transform(x))

    def _drop(self, x: Tensor) -> Tensor:
        return functional.dropout(x, self.dropout, self.training) if self.dropout else x


class PreNormDecoder(CausalModel):
    """Called with tokens and targets, both int64 [B, T], and segments where there are any, it returns the summed loss.

    Dropout and label smoothing are part of the loss in training mode alone.
    """

    branches = True
    config: PreNormConfig

    @abstractmethod
    def embed(self, tokens: Tensor, positions: slice | Tensor) -> Tensor:
        """[B, T, D] in float32; `positions`: an index of a table of positions."""

    @property
    @abstractmethod
    def final_norm(self) -> nn.LayerNorm:
        """Between the last layer and the output matrix."""

    def new_cache(self, batch: int, capacity: int) -> KeyValueCache:
        config = self.config
        return KeyValueCache(
            config.num_hidden_layers,
            config.num_attention_heads,
            config.hidden_size // config.num_attention_heads,
            batch=batch,
            capacity=min(capacity, config.max_position_embeddings),
            device=self.head.device,
        )

    def hidden(
        self,
        tokens: Tensor,
        cache: Caches | None = None,
        segments: Tensor | None = None,
        tree: Tree | None = None,
    ) -> Tensor:
        positions, mask = place(tokens, self.config.max_position_embeddings, cache, segments, tree)
        x = self.embed(tokens, positions)
        for number, layer in enumerate(self.blocks):
            x = layer(x, mask, None if cache is None else (cache, number))
        if cache is not None:
            cache.grow(tokens.shape[1])
        normed: Tensor = self.final_norm(x)
        return normed

"""Attention: queries, keys and values of heads to what each token takes from those that it sees.

B batch   T tokens   H heads   K key-value heads   E head width
"""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional
from torch.nn.attention.flex_attention import BlockMask, flex_attention

from training.models.cache import CacheLayer
from training.models.masks import Mask


def attend_causally(q: Tensor, k: Tensor, v: Tensor, mask: Mask, cached: CacheLayer) -> Tensor:
    """[B, T, H E] of q [B, T, H, E], k and v [B, T, K, E]; without a mask each token sees itself and all before it."""
    grouped = q.shape[2] != k.shape[2]
    q, k, v = (part.transpose(1, 2) for part in (q, k, v))
    if cached is not None:
        cache, number = cached
        k, v = (part.to(q.dtype) for part in cache.add(number, k, v))
    if isinstance(mask, BlockMask):
        y = flex_attention(q, k, v, block_mask=mask, enable_gqa=grouped)
    else:
        causal = mask is None and q.shape[2] > 1
        y = functional.scaled_dot_product_attention(q, k, v, mask, is_causal=causal, enable_gqa=grouped)
    assert isinstance(y, Tensor)
    return y.transpose(1, 2).flatten(2)

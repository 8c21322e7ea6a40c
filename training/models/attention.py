"""Attention: queries, keys and values of heads to what each token takes from those that it sees.

B batch   T tokens   H heads   K key-value heads   E head width
"""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional
from torch.nn.attention.flex_attention import BlockMask, flex_attention

from training.models.cache import CacheGroup, CacheLayer, KeyValueCache
from training.models.masks import Mask


def attend_causally(q: Tensor, k: Tensor, v: Tensor, mask: Mask, cached: CacheLayer) -> Tensor:
    """[B, T, H E] of q [B, T, H, E], k and v [B, T, K, E]; without a mask each token sees itself and all before it."""
    if cached is not None and isinstance(cached[0], CacheGroup):
        return _attend_each(q, k, v, cached[0], cached[1])
    grouped = q.shape[2] != k.shape[2]
    q, k, v = (part.transpose(1, 2) for part in (q, k, v))
    if cached is not None:
        cache, number = cached
        assert isinstance(cache, KeyValueCache)
        k, v = (part.to(q.dtype) for part in cache.add(number, k, v))
    if isinstance(mask, BlockMask):
        y = flex_attention(q, k, v, block_mask=mask, enable_gqa=grouped)
    else:
        causal = mask is None and (cached is None or q.shape[2] > 1)
        y = functional.scaled_dot_product_attention(q, k, v, mask, is_causal=causal, enable_gqa=grouped)
    assert isinstance(y, Tensor)
    return y.transpose(1, 2).flatten(2)


def _attend_each(q: Tensor, k: Tensor, v: Tensor, group: CacheGroup, number: int) -> Tensor:
    """`attend_causally` of a group: row after row, each over the keys of its own text. Padding takes nothing."""
    found = q.new_zeros(q.shape).flatten(2)
    for row, cache in enumerate(group.caches):
        one = slice(row, row + 1)
        found[one] = attend_causally(q[one], k[one], v[one], None, (cache, number))
    return found

"""Masks: which tokens a token may attend to, where that is not simply all before it.

B batch   T tokens
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.attention.flex_attention import BlockMask, create_block_mask

Mask = Tensor | BlockMask | None  # None: causal


def segment_mask(segments: Tensor) -> Mask:
    """Causal attention within segments: a token attends to itself and to those before it of its own segment, [B, T].

    Rotary positions count from the start of the row; as attention depends on distances alone, a document is read as
    it would be alone. CUDA takes FlexAttention (Dong et al. 2024), which skips blocks between documents.
    """
    batch, length = segments.shape
    if segments.device.type != "cuda":
        return (segments[:, :, None] == segments[:, None]).tril_().unsqueeze(1)

    def visible(b: Tensor, _: Tensor, query: Tensor, key: Tensor) -> Tensor:
        return (query >= key) & (segments[b, query] == segments[b, key])

    return create_block_mask(visible, batch, None, length, length, device=str(segments.device))


def tree_mask(ends: Tensor) -> Tensor:
    """[B, 1, T, T]: a token attends to itself and to those before it whose branch has not ended, for ends [B, T]."""
    query = torch.arange(ends.shape[1], device=ends.device)[:, None]
    return (query < ends[:, None]).tril_().unsqueeze(1)


def same_segment(segments: Tensor) -> Tensor:
    """[B, 1, T, T]: a token attends to all of its own segment, on both sides, for segments [B, T]."""
    return (segments[:, :, None] == segments[:, None]).unsqueeze(1)

"""Rounding: a matrix in integers, each weight rounded to the nearest.

F rows   D columns   G columns of a group
"""

from __future__ import annotations

import torch
from torch import Tensor

from training.models.quantized import Scheme

# Of the range that holds all of a group's weights: with few bits, cutting off the largest makes the others more exact.
SHRUNK = tuple(1 - step / 40 for step in range(13))


def round_to_nearest(weight: Tensor, scheme: Scheme) -> tuple[Tensor, Tensor]:
    """Integers int8 [F, D] and scales float32 [F, D / G] of float32 [F, D]. D is a multiple of the group."""
    groups = weight.unflatten(1, (-1, scheme.group or weight.shape[1]))
    scale = fit_scale(groups, scheme)
    return _integers(groups, scale, scheme).flatten(1), scale.squeeze(-1)


def fit_scale(groups: Tensor, scheme: Scheme) -> Tensor:
    """float32 [..., 1]: the scale of each group [..., G] that leaves the least squared error among a few."""
    widest = groups.abs().amax(-1, keepdim=True).clamp(min=torch.finfo(torch.float16).tiny * 16)
    best, least = widest / scheme.largest, None
    for share in SHRUNK if scheme.bits == 4 else (1.0,):
        scale = stored_scale(share * widest / scheme.largest, scheme)
        error = (_integers(groups, scale, scheme) * scale - groups).square().sum(-1, keepdim=True)
        better = error < least if least is not None else torch.ones_like(error, dtype=torch.bool)
        best, least = torch.where(better, scale, best), error if least is None else torch.minimum(error, least)
    return best


def stored_scale(scale: Tensor, scheme: Scheme) -> Tensor:
    """As the file has it: of rows float32; of groups float16 with 8 significant bits, so that its product with an
    integer of 4 bits is exact in float16 too, in which transformers multiplies them."""
    return scale.bfloat16().half().float() if scheme.group else scale


def _integers(weight: Tensor, scale: Tensor, scheme: Scheme) -> Tensor:
    return (weight / scale).round().clamp(-scheme.largest - 1, scheme.largest).to(torch.int8)

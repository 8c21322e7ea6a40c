"""Model: a decoder each of whose sequences is read from left to right, or on both sides.

B batch   T tokens
"""

from __future__ import annotations

import torch
from torch import Tensor

from training.models.qwen3.transformer import Transformer
from training.ops.loss import cross_entropy


class GptBert(Transformer):
    """Called with tokens and targets, both int64 [B, T], and whether each sequence is read on both sides, bool [B], it
    returns the summed loss: a state predicts the token behind it in either case."""

    def forward(self, tokens: Tensor, targets: Tensor, both_sides: Tensor) -> Tensor:  # type: ignore[override]
        length = tokens.shape[1]
        before = torch.ones(length, length, dtype=torch.bool, device=tokens.device).tril()
        hidden = self.states(tokens, slice(0, length), (before | both_sides[:, None, None])[:, None], None)
        return cross_entropy(hidden.flatten(0, 1), self.head, targets.flatten(), self.smoothing)

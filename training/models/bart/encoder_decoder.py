"""Encoder and decoder: BART. Its parameter names are Hugging Face's.

B batch   S tokens that are read   T tokens that are predicted   D width   V vocabulary

read = encoder(norm(token + position));   logits = decoder(norm(before + position), read) @ W_tokens
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from training.models.bart.config import BartConfig
from training.models.bart.layers import Body
from training.models.initial import initialize
from training.models.module import TrainableModel
from training.ops.loss import cross_entropy


class EncoderDecoder(TrainableModel):
    """Called with what the encoder reads, int64 [B, S], the targets, int64 [B, T], what the decoder reads, the targets
    shifted by one, and how many tokens there are to read, int64 [B], it returns the summed loss.

    Dropout and label smoothing are part of the loss in training mode alone.
    """

    READING = ("encode", "decode", "logits")
    config: BartConfig
    final_logits_bias: Tensor

    def __init__(
        self, config: BartConfig, seed: int = 0, *, dropout: float = 0.0, label_smoothing: float = 0.0
    ) -> None:
        super().__init__()
        self.config, self.label_smoothing = config, label_smoothing
        self.model = Body(config, dropout)
        self.register_buffer("final_logits_bias", torch.zeros(1, config.vocab_size))  # Hugging Face's, always 0
        initialize(self, config.initializer_range, seed)

    @property
    def blocks(self) -> Sequence[nn.Module]:
        return [*self.model.encoder.layers, *self.model.decoder.layers]

    def encode(self, tokens: Tensor, there: Tensor | None = None) -> Tensor:
        """States [B, S, D] of tokens [B, S], of which `there` [B, 1, 1, S] tells padding from text."""
        states: Tensor = self.model.encoder(self.model.shared(tokens), None, there)
        return states

    def decode(self, before: Tensor, read: Tensor, there: Tensor | None = None) -> Tensor:
        """States [B, T, D], of which each predicts the token after those of `before` [B, T] up to it."""
        states: Tensor = self.model.decoder(self.model.shared(before), read, there)
        return states

    def logits(self, tokens: Tensor, before: Tensor) -> Tensor:
        """Scores [B, T, V] of the tokens that follow each of `before` [B, T], where `tokens` [B, S] were read."""
        return functional.linear(self.decode(before, self.encode(tokens)), self.model.shared.weight)

    def forward(self, tokens: Tensor, targets: Tensor, before: Tensor, lengths: Tensor) -> Tensor:
        """Negative log-likelihood in nats, summed over the targets of all B x T except those IGNORED."""
        there = (torch.arange(tokens.shape[1], device=tokens.device) < lengths[:, None])[:, None, None]
        states = self.decode(before, self.encode(tokens, there), there)
        return cross_entropy(states.flatten(0, 1), self.model.shared.weight, targets.flatten(), self.smoothing)

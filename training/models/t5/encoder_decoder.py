"""Encoder and decoder: T5. Its parameter names are Hugging Face's.

B batch   S tokens that are read   T tokens that are predicted   D width   H heads   E head width   V vocabulary

read = norm(encoder(embed(tokens)));   logits = norm(decoder(embed(before), read)) @ W_tokens / sqrt(D)
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from training.models.module import TrainableModel
from training.models.t5.config import T5Config
from training.models.t5.layers import Stack
from training.ops.loss import cross_entropy


class EncoderDecoder(TrainableModel):
    """Called with what the encoder reads, int64 [B, S], the targets, int64 [B, T], and what the decoder reads, the
    targets shifted by one, it returns the summed loss.

    Dropout and label smoothing are part of the loss in training mode alone.
    """

    READING = ("encode", "decode", "logits")
    config: T5Config

    def __init__(self, config: T5Config, seed: int = 0, *, dropout: float = 0.0, label_smoothing: float = 0.0) -> None:
        super().__init__()
        self.config, self.label_smoothing = config, label_smoothing
        self.shared = nn.Embedding(config.vocab_size, config.hidden_size)
        self.encoder = Stack(config, dropout, decodes=False)
        self.decoder = Stack(config, dropout, decodes=True)
        self._initialize(seed)

    @torch.no_grad()
    def _initialize(self, seed: int) -> None:
        """As Hugging Face's: by the number of values that a product adds up, and for queries by the head width too."""
        generator = torch.Generator().manual_seed(seed)
        width, head = self.config.hidden_size, self.config.head_dim
        for name, weight in self.named_parameters():
            if weight.ndim == 2:
                inner = weight.shape[1] if "relative" not in name else width
                spread = self.config.initializer_range * (1.0 if name == "shared.weight" else inner**-0.5)
                weight.normal_(0.0, spread * (head**-0.5 if name.endswith(".q.weight") else 1.0), generator=generator)

    @property
    def blocks(self) -> Sequence[nn.Module]:
        return [*self.encoder.block, *self.decoder.block]

    def hidden_matrices(self) -> set[str]:
        return {name for name in super().hidden_matrices() if "relative_attention_bias" not in name}

    def encode(self, tokens: Tensor) -> Tensor:
        """States [B, S, D] of tokens [B, S]."""
        return self.encoder(self.shared(tokens).float())

    def decode(self, before: Tensor, read: Tensor) -> Tensor:
        """States [B, T, D], of which each predicts the token after those of `before` [B, T] up to it."""
        return self.decoder(self.shared(before).float(), read) / math.sqrt(self.config.hidden_size)

    def logits(self, tokens: Tensor, before: Tensor) -> Tensor:
        """Scores [B, T, V] of the tokens that follow each of `before` [B, T], where `tokens` [B, S] were read."""
        return functional.linear(self.decode(before, self.encode(tokens)), self.shared.weight)

    def forward(self, tokens: Tensor, targets: Tensor, before: Tensor) -> Tensor:
        """Negative log-likelihood in nats, summed over the targets of all B x T except those IGNORED."""
        states = self.decode(before, self.encode(tokens))
        return cross_entropy(states.flatten(0, 1), self.shared.weight, targets.flatten(), self.smoothing)

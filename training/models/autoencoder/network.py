"""Network: a text to a point, and from the point the text.

B batch   T tokens   D width   Z numbers of a point   V vocabulary

state = LSTM(embed(tokens));   mean, spread = state W;   point = mean + spread * noise
logits = norm(LSTM(embed(before), point)) @ W_tokens
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from training.models.autoencoder.config import AutoencoderConfig
from training.models.initial import initialize
from training.models.module import TrainableModel
from training.ops.loss import cross_entropy


class Autoencoder(TrainableModel):
    """Called with tokens and targets, both int64 [B, T], what the decoder reads, int64 [B, T], noise [B, Z] and how
    much the distance of the points from a normal distribution weighs, [B], it returns the summed loss.

    Dropout, between LSTMs, and label smoothing are part of the loss in training mode alone.
    """

    READING = ("points", "logits")
    config: AutoencoderConfig

    def __init__(
        self, config: AutoencoderConfig, seed: int = 0, *, dropout: float = 0.0, label_smoothing: float = 0.0
    ) -> None:
        super().__init__()
        self.config, self.label_smoothing = config, label_smoothing
        width, point, layers = config.hidden_size, config.latent_size, config.num_hidden_layers
        between = dropout if layers > 1 else 0.0
        self.embed_tokens = nn.Embedding(config.vocab_size, width)
        self.encoder = nn.LSTM(width, width, layers, batch_first=True, dropout=between)
        self.mean, self.log_variance = nn.Linear(width, point), nn.Linear(width, point)
        self.first = nn.Linear(point, width)  # the decoder's state before the first token
        self.decoder = nn.LSTM(width + point, width, layers, batch_first=True, dropout=between)
        self.norm = nn.LayerNorm(width)
        initialize(self, config.initializer_range, seed)
        with torch.no_grad():
            for name, bias in self.named_parameters():
                if "bias" in name and "_l" in name:
                    bias.zero_()

    @property
    def blocks(self) -> Sequence[nn.Module]:
        return [self.encoder, self.decoder]

    def compile_blocks(self, backend: Any = "inductor") -> None:
        """Nothing: torch has a kernel of its own for the cells of all tokens."""

    def points(self, tokens: Tensor) -> tuple[Tensor, Tensor]:
        """The mean and the logarithm of the variance, [B, Z] each, of the points of texts [B, T]."""
        _, (last, _) = self.encoder(self.embed_tokens(tokens).float())
        return self.mean(last[-1]), self.log_variance(last[-1])

    def states(self, before: Tensor, points: Tensor) -> Tensor:
        """[B, T, D], of which each predicts the token after those of `before` [B, T] up to it, of texts at points."""
        read = torch.cat([self.embed_tokens(before).float(), points[:, None].expand(-1, before.shape[1], -1)], dim=-1)
        first = torch.tanh(self.first(points)).expand(self.config.num_hidden_layers, -1, -1).contiguous()
        written, _ = self.decoder(read, (first, torch.zeros_like(first)))
        normed: Tensor = self.norm(written)
        return normed

    def logits(self, before: Tensor, points: Tensor) -> Tensor:
        """Scores [B, T, V] of the tokens that follow each of `before` [B, T], of texts at points [B, Z]."""
        return functional.linear(self.states(before, points), self.embed_tokens.weight)

    def forward(self, tokens: Tensor, targets: Tensor, before: Tensor, noise: Tensor, weight: Tensor) -> Tensor:
        """In nats, summed over the targets of all B x T except those IGNORED: their negative log-likelihood, and the
        Kullback-Leibler divergence of the points by its weight."""
        mean, log_variance = self.points(tokens)
        states = self.states(before, mean + (0.5 * log_variance).exp() * noise)
        loss = cross_entropy(states.flatten(0, 1), self.embed_tokens.weight, targets.flatten(), self.smoothing)
        divergence = 0.5 * (mean.square() + log_variance.exp() - 1 - log_variance).sum(1)
        return loss + (weight * divergence).sum()

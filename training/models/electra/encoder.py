"""Encoder: ELECTRA, beside the generator by which it learns, in the names of Hugging Face.

B batch   T tokens   D width   G width of the generator   V vocabulary

drawn: tokens that the generator, which sees the masks, finds likely in their places
logits = gelu(encoder(embed(drawn)) W + b) @ w + b, above 0 where a token is none of the text
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from training.data.sequences import IGNORED
from training.models.bert.layers import Embeddings, Layers
from training.models.electra.config import ElectraConfig
from training.models.initial import initialize
from training.models.masks import same_segment
from training.models.module import TrainableModel
from training.ops.loss import biased_cross_entropy

WEIGHT = 50.0  # of the encoder's loss beside the generator's: lambda in the paper


class Body(nn.Module):
    def __init__(self, config: ElectraConfig, dropout: float) -> None:
        super().__init__()
        self.embeddings = Embeddings(config)
        self.encoder = Layers(config, dropout)


class FoundHead(nn.Module):
    def __init__(self, config: ElectraConfig) -> None:
        super().__init__()
        self.dense = nn.Linear(config.hidden_size, config.hidden_size)
        self.dense_prediction = nn.Linear(config.hidden_size, 1)

    def forward(self, states: Tensor) -> Tensor:
        scores: Tensor = self.dense_prediction(functional.gelu(self.dense(states)))
        return scores.squeeze(-1)


class Generator(nn.Module):
    """Reads the embeddings of the encoder, and shares them."""

    def __init__(self, config: ElectraConfig, dropout: float) -> None:
        super().__init__()
        inner = config.generator
        self.embeddings_project = nn.Linear(config.hidden_size, inner.hidden_size)
        self.encoder = Layers(inner, dropout)
        self.dense = nn.Linear(inner.hidden_size, config.hidden_size)
        self.LayerNorm = nn.LayerNorm(config.hidden_size, config.layer_norm_eps)
        self.bias = nn.Parameter(torch.zeros(config.vocab_size))

    def forward(self, embedded: Tensor, mask: Tensor | None, asked: Tensor) -> Tensor:
        """States [n, D] of the places [B, T] that are asked, of [B, T, D]."""
        states = self.encoder(self.embeddings_project(embedded), mask)[asked]
        normed: Tensor = self.LayerNorm(functional.gelu(self.dense(states)))
        return normed


class Electra(TrainableModel):
    """Called with tokens and targets, both int64 [B, T], what the generator draws by, float32 [B, T] in [0, 1), and
    segments where there are any, it returns the loss of generator and encoder together.

    Dropout and label smoothing are part of the loss in training mode alone.
    """

    READING = ("hidden", "logits")
    TRAINING_ONLY = ("generator.",)
    config: ElectraConfig

    def __init__(
        self, config: ElectraConfig, seed: int = 0, *, dropout: float = 0.0, label_smoothing: float = 0.0
    ) -> None:
        super().__init__()
        self.config, self.label_smoothing = config, label_smoothing
        self.electra, self.discriminator_predictions = Body(config, dropout), FoundHead(config)
        self.generator = Generator(config, dropout)
        initialize(self, config.initializer_range, seed)

    @property
    def blocks(self) -> Sequence[nn.Module]:
        return [*self.electra.encoder.layer, *self.generator.encoder.layer]

    def hidden(self, tokens: Tensor, segments: Tensor | None = None) -> Tensor:
        """States [B, T, D] of tokens [B, T], each of which sees all of its segment."""
        mask = None if segments is None else same_segment(segments)
        found: Tensor = self.electra.encoder(self.electra.embeddings(tokens), mask)
        return found

    def logits(self, tokens: Tensor, segments: Tensor | None = None) -> Tensor:
        """Scores [B, T], above 0 where a token seems to be none of the text."""
        scores: Tensor = self.discriminator_predictions(self.hidden(tokens, segments))
        return scores

    def forward(self, tokens: Tensor, targets: Tensor, draws: Tensor, segments: Tensor | None = None) -> Tensor:
        """In nats, summed over the targets of all B x T except those IGNORED: a place that is asked weighs in the
        encoder's loss as much as all places of its sequence together."""
        asked = targets != IGNORED
        table, bias = self.electra.embeddings.word_embeddings.weight, self.generator.bias
        mask = None if segments is None else same_segment(segments)
        states = self.generator(self.electra.embeddings(tokens), mask, asked)
        loss = biased_cross_entropy(states, table, bias, targets[asked], self.smoothing)
        with torch.no_grad():
            likely = functional.linear(states, table, bias).float().softmax(-1).cumsum(-1)
            chosen = torch.searchsorted(likely, draws[asked][:, None], right=True).squeeze(1)
        text = torch.where(asked, targets, tokens)
        drawn = text.clone()
        drawn[asked] = chosen.clamp(max=self.config.vocab_size - 1)
        scores = self.logits(drawn, segments).float()
        wrong = functional.binary_cross_entropy_with_logits(scores, (drawn != text).float(), reduction="none")
        return loss + WEIGHT * (wrong.mean(1) * asked.sum(1)).sum()

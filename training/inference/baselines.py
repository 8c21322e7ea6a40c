"""Baselines: models that a score must beat to mean anything: the untrained one, and a unigram without context."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from tokenizers import Tokenizer

from corpus.shards.reader import ShardSet
from training.inference.batches import Batch
from training.inference.masked import MaskedScorer
from training.inference.model import TextTokenizer, TrainedModel
from training.inference.scorers import build_scorer
from training.models.config import ModelConfig

COUNT_AT_ONCE = 1 << 24


def build_untrained(config: ModelConfig, tokenizer: Tokenizer, seed: int) -> TrainedModel | MaskedScorer:
    """The model of a run with its initial weights."""
    return build_scorer(config.build(seed), tokenizer)


class Unigram(TextTokenizer):
    """Predicts each token by its frequency in the training tokens, add-one smoothed: (count + 1) / (tokens + V)."""

    branches = True

    def __init__(self, shards: ShardSet, tokenizer: Tokenizer, context: int) -> None:
        super().__init__(tokenizer)
        self.context, self.prefix = context, shards.index.eos
        size = shards.index.vocab_size
        counts = np.zeros(size, dtype=np.int64)
        for start in range(0, len(shards), COUNT_AT_ONCE):
            tokens = shards.tokens(start, min(len(shards), start + COUNT_AT_ONCE))
            counts += np.bincount(tokens, minlength=size)
        self.log_probabilities = np.log(counts + 1) - np.log(counts.sum() + size)
        self.likeliest = int(counts.argmax())

    def log_likelihoods(self, batch: Batch) -> tuple[np.ndarray, np.ndarray]:
        return self.log_probabilities[batch.targets], batch.targets == self.likeliest

    def generate(
        self, prompts: Sequence[list[int]], max_tokens: int, stop: Callable[[list[int]], bool]
    ) -> list[list[int]]:
        return [[self.likeliest] * max_tokens for _ in prompts]

"""Baselines: what a score must beat to mean anything. The untrained model, and a unigram that knows no context."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from tokenizers import Tokenizer

from corpus.shards.reader import ShardSet
from training.config import ModelConfig
from training.inference.batches import Batch
from training.inference.model import Trained, Words
from training.models.transformer import Transformer

COUNT_AT_ONCE = 1 << 24


def untrained(config: ModelConfig, tokenizer: Tokenizer, seed: int) -> Trained:
    """The trained model's architecture with the weights that its run began from."""
    return Trained(Transformer(config, seed), tokenizer)


class Unigram(Words):
    """Each token by its share of the training tokens, add-one smoothed: (count + 1) / (tokens + V)."""

    trees = True

    def __init__(self, shards: ShardSet, tokenizer: Tokenizer, context: int) -> None:
        super().__init__(tokenizer)
        self.context, self.prefix = context, shards.index.eos
        size = shards.index.vocab_size
        counts = np.zeros(size, dtype=np.int64)
        for start in range(0, len(shards), COUNT_AT_ONCE):
            tokens = shards.tokens(start, min(len(shards), start + COUNT_AT_ONCE))
            counts += np.bincount(tokens, minlength=size)
        self.log_shares = np.log(counts + 1) - np.log(counts.sum() + size)
        self.best = int(counts.argmax())

    def likelihoods(self, batch: Batch) -> tuple[np.ndarray, np.ndarray]:
        return self.log_shares[batch.wanted], batch.wanted == self.best

    def generate(self, prompts: Sequence[list[int]], tokens: int, stop: Callable[[list[int]], bool]) -> list[list[int]]:
        return [[self.best] * tokens for _ in prompts]

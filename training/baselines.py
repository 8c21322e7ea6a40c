"""Baselines: what a score must beat to mean anything. The untrained model, and a unigram that knows no context."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from corpus.shard_set import ShardSet
from training.config import ModelConfig
from training.encoding import Question
from training.scoring import Scores
from training.transformer import Transformer

COUNT_AT_ONCE = 1 << 24


def untrained(config: ModelConfig, seed: int) -> Transformer:
    """The trained model's architecture with the weights that its run began from."""
    return Transformer(config, seed)


class Unigram:
    """Each token by its share of the training tokens, add-one smoothed: (count + 1) / (tokens + V)."""

    def __init__(self, shards: ShardSet) -> None:
        size = shards.index.vocab_size
        counts = np.zeros(size, dtype=np.int64)
        for start in range(0, len(shards), COUNT_AT_ONCE):
            tokens = shards.tokens(start, min(len(shards), start + COUNT_AT_ONCE))
            counts += np.bincount(tokens, minlength=size)
        self.log_shares = np.log(counts + 1) - np.log(counts.sum() + size)
        self.best = int(counts.argmax())

    def score(self, questions: Sequence[Question]) -> list[Scores]:
        asked = [np.array(question.asked, dtype=np.int64) for question in questions]
        return [Scores(self.log_shares[tokens], tokens == self.best) for tokens in asked]

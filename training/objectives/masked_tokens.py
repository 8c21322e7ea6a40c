"""Masked tokens: some tokens are hidden, and predicted from those on both sides (Devlin et al. 2019).

Of those that are predicted, 80 % are replaced by the mask, 10 % by a random token and 10 % stay. They are drawn anew
each time that a sequence is read (Liu et al. 2019).

    B sequences   T tokens
"""

from __future__ import annotations

import numpy as np

from training.data.sequences import IGNORED, Batch
from training.objectives.objective import Arrays, Text, drawn_for

MASKED, RANDOM = 0.8, 0.1  # of those that are predicted


class MaskedTokens:
    """`share` of a sequence's tokens are predicted, at least one; never those that open a document. Of them the mask
    replaces `masked` and any token `random`.

    With `whole_words` all tokens of a word are predicted or none, so that there may be a few more (Cui et al. 2021).
    """

    def __init__(
        self,
        text: Text,
        seed: int,
        share: float,
        whole_words: bool = False,
        *,
        masked: float = MASKED,
        random: float = RANDOM,
    ) -> None:
        self.text, self.seed, self.share, self.masked, self.random = text, seed, share, masked, random
        self.words = text.words if whole_words else None
        self.mask = text.vocab_size  # its id

    def __call__(self, batch: Batch, samples: np.ndarray) -> Arrays:
        """tokens and targets, both int64 (B, T), and segments where there are any."""
        tokens, targets = batch.tokens.copy(), np.full_like(batch.tokens, IGNORED)
        for row, sample in enumerate(samples.tolist()):
            random = drawn_for(sample, self.seed)
            chosen = self.choose(tokens[row], random)
            targets[row, chosen] = tokens[row, chosen]
            tokens[row, chosen] = self.hide(tokens[row, chosen], random)
        return (tokens, targets) if batch.segments is None else (tokens, targets, batch.segments)

    def choose(self, tokens: np.ndarray, random: np.random.RandomState) -> np.ndarray:
        """The positions, ascending, of one sequence (T,) that are predicted."""
        candidates = np.flatnonzero(tokens != self.text.eos)
        count = min(len(candidates), max(1, round(self.share * len(candidates))))
        if self.words is None:
            return np.sort(random.permutation(candidates)[:count])
        _, words = np.unique(self.words.number(tokens)[candidates], return_inverse=True)
        order = random.permutation(words.max(initial=0) + 1)
        sizes = np.bincount(words)[order].cumsum()
        chosen = order[: int(np.searchsorted(sizes, count)) + 1]
        return candidates[np.isin(words, chosen)]

    def hide(self, tokens: np.ndarray, random: np.random.RandomState) -> np.ndarray:
        """What stands in place of the tokens (n,) that are predicted."""
        kind = random.random_sample(len(tokens))
        others = random.randint(0, self.text.vocab_size, len(tokens))
        return np.where(kind < self.masked, self.mask, np.where(kind < self.masked + self.random, others, tokens))

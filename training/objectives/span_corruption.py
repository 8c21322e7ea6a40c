"""Span corruption: spans are replaced by a sentinel each, and predicted after it (Raffel et al. 2020, section 3.1.4).

    read      Thank you <0> me to your party <1> week eos
    predict   <0> for inviting <1> last eos

Every sequence has as many spans and predicted tokens as any other of its length, so that batches need no padding.

    B sequences   T tokens
"""

from __future__ import annotations

import numpy as np

from training.data.sequences import Batch
from training.objectives.objective import Arrays, Text, drawn_for

SENTINELS = 100


class SpanCorruption:
    """`share` of a sequence's tokens are predicted, in spans of `span` tokens on average."""

    def __init__(self, text: Text, seed: int, share: float, span: float) -> None:
        self.text, self.seed, self.share, self.span = text, seed, share, span

    def counts(self, length: int) -> tuple[int, int]:
        """Of a sequence: how many tokens are predicted, in how many spans."""
        noise = min(max(round(length * self.share), 1), length - 1)
        return noise, min(max(round(noise / self.span), 1), SENTINELS, noise, length - noise)

    def __call__(self, batch: Batch, samples: np.ndarray) -> Arrays:
        """What the encoder reads, int64 (B, T - noise + spans + 1), the decoder's targets, int64
        (B, noise + spans + 1), and what the decoder reads: the targets shifted by one, after eos."""
        noise, spans = self.counts(batch.tokens.shape[1])
        rows = [
            self._corrupt(tokens, noise, spans, drawn_for(sample, self.seed))
            for tokens, sample in zip(batch.tokens, samples.tolist(), strict=True)
        ]
        read, targets = (np.stack(part) for part in zip(*rows, strict=True))
        first = np.full((len(targets), 1), self.text.eos, dtype=np.int64)
        return read, targets, np.concatenate([first, targets[:, :-1]], axis=1)

    def _corrupt(
        self, tokens: np.ndarray, noise: int, spans: int, random: np.random.RandomState
    ) -> tuple[np.ndarray, np.ndarray]:
        kept, hidden = _parts(len(tokens) - noise, spans, random), _parts(noise, spans, random)
        lengths = np.column_stack([kept, hidden]).ravel()  # kept and hidden spans by turns
        is_hidden = np.repeat(np.arange(2 * spans) % 2 == 1, lengths)
        sentinels = self.text.vocab_size + np.arange(spans)
        read = np.insert(tokens[~is_hidden], np.cumsum(kept), sentinels)
        told = np.insert(tokens[is_hidden], np.cumsum(hidden) - hidden, sentinels)
        return np.append(read, self.text.eos), np.append(told, self.text.eos)


def _parts(total: int, count: int, random: np.random.RandomState) -> np.ndarray:
    """`total` as a sum of `count` numbers of 1 or more, each such sum as likely as any other."""
    cuts = np.sort(random.permutation(total - 1)[: count - 1]) + 1
    return np.diff(np.concatenate([[0], cuts, [total]]))

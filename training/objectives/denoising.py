"""Denoising: a text is told again from one whose sentences are in another order and that lacks spans.

Spans of about three tokens, some of none, are replaced by one mask each: how many are missing is not told (Lewis et al.
2020, section 2.2: text infilling and sentence permutation).

    B sequences   T tokens
"""

from __future__ import annotations

import numpy as np

from training.data.sequences import Batch
from training.objectives.objective import Arrays, Text, drawn_for


class Denoising:
    """`share` of a sequence's tokens are missing, in spans of `span` tokens on average, as Poisson draws them."""

    def __init__(self, text: Text, seed: int, share: float, span: float) -> None:
        self.text, self.seed, self.share, self.span = text, seed, share, span

    def __call__(self, batch: Batch, samples: np.ndarray) -> Arrays:
        """What the encoder reads, int64 (B, T), with eos behind where it is shorter; the decoder's targets, the text,
        int64 (B, T); what the decoder reads: the targets shifted by one, after eos; and how many tokens the encoder
        reads, int64 (B,)."""
        read = np.full_like(batch.tokens, self.text.eos)
        lengths = np.empty(len(samples), dtype=np.int64)
        for row, sample in enumerate(samples.tolist()):
            random = drawn_for(sample, self.seed)
            damaged = self.infill(self.permute(batch.tokens[row], random), random)
            lengths[row] = len(damaged)
            read[row, : len(damaged)] = damaged
        first = np.full((len(samples), 1), self.text.eos, dtype=np.int64)
        return read, batch.tokens, np.concatenate([first, batch.tokens[:, :-1]], axis=1), lengths

    def permute(self, tokens: np.ndarray, random: np.random.RandomState) -> np.ndarray:
        """The sentences of one sequence (T,) in another order."""
        sentences = np.split(tokens, np.flatnonzero(self.text.ends_sentence[tokens][:-1]) + 1)
        return np.concatenate([sentences[number] for number in random.permutation(len(sentences))])

    def infill(self, tokens: np.ndarray, random: np.random.RandomState) -> np.ndarray:
        """One sequence (T,) with masks in place of spans; never longer."""
        noise = round(self.share * len(tokens))
        spans = list[int]()
        while (left := noise - sum(spans)) > 0:
            spans.append(min(int(random.poisson(self.span)), left))
        if len(spans) > noise:
            spans = [span for span in spans if span]
        slots = np.sort(random.randint(0, len(tokens) - noise + 1, len(spans)))  # among the tokens that stay
        starts = slots + np.cumsum([0, *spans])[:-1]
        missing = np.zeros(len(tokens), dtype=bool)
        for start, span in zip(starts.tolist(), spans, strict=True):
            missing[start : start + span] = True
        return np.insert(tokens[~missing], slots, self.text.vocab_size)

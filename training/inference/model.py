"""Model: what scoring needs of a model, and one of ours with its tokenizer as such."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

import numpy as np
import torch
from tokenizers import Tokenizer
from torch import Tensor

from training.inference.batches import Batch
from training.inference.decoding import decode
from training.inference.sampling import GREEDY
from training.models.module import CausalModel

LOGITS_AT_ONCE = 1 << 25  # 128 MiB of them


class Model(Protocol):
    """`context` is the maximum number of tokens that are read at once; `prefix` is the token that opens a text."""

    context: int
    prefix: int
    branches: bool  # whether it supports rows that branch (inference/batches.py)

    def encode(self, texts: Sequence[str], special: bool) -> list[list[int]]: ...

    def decode(self, tokens: Sequence[int]) -> str: ...

    def spell(self, tokens: Sequence[int]) -> str:
        """The text that tokens stand for, without special tokens, and as it is where `decode` tidies it."""
        ...

    def log_likelihoods(self, batch: Batch) -> tuple[np.ndarray, np.ndarray]:
        """Of each target (n,): its log-likelihood in nats, float64, and whether it was the likeliest token."""
        ...

    def generate(
        self, prompts: Sequence[list[int]], max_tokens: int, stop: Callable[[list[int]], bool]
    ) -> list[list[int]]:
        """The likeliest ids after each prompt, up to `max_tokens`; a text ends when `stop` of its new ids is true."""
        ...


class TextTokenizer:
    """The tokenizer of our checkpoints: it adds no special tokens, and text that looks like one is ordinary text."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        self.tokenizer = tokenizer

    def encode(self, texts: Sequence[str], special: bool) -> list[list[int]]:
        return [encoding.ids for encoding in self.tokenizer.encode_batch_fast(list(texts), add_special_tokens=False)]

    def decode(self, tokens: Sequence[int]) -> str:
        return str(self.tokenizer.decode(list(tokens)))

    def spell(self, tokens: Sequence[int]) -> str:
        return self.decode(tokens)


class TrainedModel(TextTokenizer):
    """One of our models that predict each token from those before it, on its device, and its tokenizer."""

    def __init__(self, model: CausalModel, tokenizer: Tokenizer) -> None:
        super().__init__(tokenizer)
        self.model, self.branches = model.eval(), model.branches
        self.context, self.prefix = model.config.max_position_embeddings, model.config.eos_token_id

    @torch.no_grad()
    def log_likelihoods(self, batch: Batch) -> tuple[np.ndarray, np.ndarray]:
        device = self.model.device
        tree = None
        if batch.branched:
            tree = torch.from_numpy(batch.positions).to(device), torch.from_numpy(batch.ends).to(device)
        hidden = self.model.hidden(torch.from_numpy(batch.tokens).to(device), tree=tree).flatten(0, 1)
        vocabulary = self.model.config.vocab_size
        return score_states(hidden, self.model.scores, vocabulary, batch.indices, batch.targets)

    def generate(
        self, prompts: Sequence[list[int]], max_tokens: int, stop: Callable[[list[int]], bool]
    ) -> list[list[int]]:
        return decode(self.model, prompts, max_tokens=max_tokens, sampling=GREEDY, stop=stop)


def score_states(
    states: Tensor, head: Callable[[Tensor], Tensor], vocabulary: int, indices: np.ndarray, targets: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """`log_likelihoods` of `targets` (n,) after the states [m, D] at `indices` (n,); `head` turns states into logits.

    Logits are computed only at these states, and once where several choices begin: over a large vocabulary they are
    most of the work.
    """
    indices, owners = np.unique(indices, return_inverse=True)
    scores, greedy = np.empty(len(owners)), np.empty(len(owners), dtype=bool)
    step = max(1, LOGITS_AT_ONCE // vocabulary)
    for start in range(0, len(indices), step):
        here = np.flatnonzero((owners >= start) & (owners < start + step))
        rows = torch.from_numpy(owners[here] - start).to(states.device)
        ids = torch.from_numpy(targets[here]).to(states.device)
        logits = head(states[torch.from_numpy(indices[start : start + step]).to(states.device)]).float()
        scores[here] = (logits[rows, ids] - logits.logsumexp(-1)[rows]).double().cpu().numpy()
        greedy[here] = (logits.argmax(-1)[rows] == ids).cpu().numpy()
    return scores, greedy

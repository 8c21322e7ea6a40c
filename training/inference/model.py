"""Models that answer questions: a checkpoint of ours, its untrained beginning, or what counts tokens."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

import numpy as np
import torch
from tokenizers import Tokenizer
from torch import Tensor
from torch.nn import functional

from training.inference.batches import Batch
from training.inference.decoding import GREEDY, decode
from training.models.transformer import Transformer

LOGITS_AT_ONCE = 1 << 25  # 128 MiB of them


class Model(Protocol):
    """`context` tokens are read at once at most; `prefix` is what a text without a beginning stands behind."""

    context: int
    prefix: int
    trees: bool  # whether rows may branch

    def encode(self, texts: Sequence[str], special: bool) -> list[list[int]]: ...

    def decode(self, tokens: Sequence[int]) -> str: ...

    def likelihoods(self, batch: Batch) -> tuple[np.ndarray, np.ndarray]:
        """Of each wanted token (n,): its log-likelihood in nats, float64, and whether it was the likeliest."""
        ...

    def generate(self, prompts: Sequence[list[int]], tokens: int, stop: Callable[[list[int]], bool]) -> list[list[int]]:
        """What follows each prompt, the likeliest token each time, at most `tokens`, until `stop` says so."""
        ...


class Words:
    """The tokenizer of a checkpoint of ours. It adds no special tokens, and text that looks like one is text."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        self.tokenizer = tokenizer

    def encode(self, texts: Sequence[str], special: bool) -> list[list[int]]:
        return [found.ids for found in self.tokenizer.encode_batch_fast(list(texts), add_special_tokens=False)]

    def decode(self, tokens: Sequence[int]) -> str:
        return str(self.tokenizer.decode(list(tokens)))


class Trained(Words):
    """A Transformer and its tokenizer, on the device that it is on."""

    trees = True

    def __init__(self, model: Transformer, tokenizer: Tokenizer) -> None:
        super().__init__(tokenizer)
        self.model = model.eval()
        self.context, self.prefix = model.config.max_position_embeddings, model.config.eos_token_id

    @torch.no_grad()
    def likelihoods(self, batch: Batch) -> tuple[np.ndarray, np.ndarray]:
        device = self.model.head.device
        tree = None
        if batch.branched:
            tree = torch.from_numpy(batch.positions).to(device), torch.from_numpy(batch.ends).to(device)
        hidden = self.model.hidden(torch.from_numpy(batch.tokens).to(device), tree=tree).flatten(0, 1)
        head = self.model.head
        return of_states(hidden, lambda states: functional.linear(states, head), len(head), batch.places, batch.wanted)

    def generate(self, prompts: Sequence[list[int]], tokens: int, stop: Callable[[list[int]], bool]) -> list[list[int]]:
        return decode(self.model, prompts, max_tokens=tokens, sampling=GREEDY, stop=stop)


def of_states(
    states: Tensor, head: Callable[[Tensor], Tensor], vocabulary: int, places: np.ndarray, wanted: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """`likelihoods` of `wanted` (n,) behind the `places` (n,) of states [m, D], and what makes logits of some of these.

    Logits are made where something is asked alone, and once where several choices begin: over a wide vocabulary they
    are most of the work.
    """
    places, owners = np.unique(places, return_inverse=True)
    found, hits = np.empty(len(owners)), np.empty(len(owners), dtype=bool)
    step = max(1, LOGITS_AT_ONCE // vocabulary)
    for start in range(0, len(places), step):
        here = np.flatnonzero((owners >= start) & (owners < start + step))
        rows = torch.from_numpy(owners[here] - start).to(states.device)
        asked = torch.from_numpy(wanted[here]).to(states.device)
        logits = head(states[torch.from_numpy(places[start : start + step]).to(states.device)]).float()
        found[here] = (logits[rows, asked] - logits.logsumexp(-1)[rows]).double().cpu().numpy()
        hits[here] = (logits.argmax(-1)[rows] == asked).cpu().numpy()
    return found, hits

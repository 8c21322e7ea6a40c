"""Loader: which tokens a step reads. A pure function of (shards, seed, step), whatever the number of ranks.

Sequence i is tokens [iT, iT + T + 1) of the stream: T inputs and, shifted by one, T targets. Each epoch reads every
sequence once, in a permutation drawn from (seed, epoch); a batch may cross the line between two epochs, so none is
dropped or repeated. Step s (from 0) reads samples [sG, (s + 1)G) of that endless row; rank r takes its r-th slice.

    B sequences of a rank   G sequences of all ranks   T tokens
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np

from corpus.shard_set import ShardSet

IGNORED = -100  # the target of a place that predicts nothing, as in torch's cross_entropy


class Batch(NamedTuple):
    """Of B sequences: `tokens` and the `targets` that follow them, both int64 (B, T); IGNORED where there is none.

    `segments`, int32 (B, T), numbers the documents of a sequence, for attention that stays within them; or None.
    """

    tokens: np.ndarray
    targets: np.ndarray
    segments: np.ndarray | None = None


class Source(NamedTuple):
    """A document under a sequence: tokens [first, end) of the stream belong to it."""

    shard: str
    doc_id: str
    first: int
    end: int


class Loader:
    """Raises ValueError when the set is shorter than a sequence or the batch does not divide by the ranks."""

    def __init__(
        self, shards: ShardSet, *, context: int, global_batch: int, seed: int, rank: int = 0, world: int = 1
    ) -> None:
        if global_batch % world:
            raise ValueError(
                f"a global batch of {global_batch} sequences does not divide by {world} ranks; "
                f"take a number of processes that divides it"
            )
        self.sequences = (len(shards) - 1) // context
        if self.sequences < 1:
            raise ValueError(
                f"{shards.folder} holds {len(shards)} tokens, fewer than one sequence of {context} and its target; "
                f"take a smaller --context or more documents"
            )
        self.shards, self.context, self.global_batch = shards, context, global_batch
        self.seed, self.rank, self.world = seed, rank, world
        # Two epochs: a batch can lie across the line between them.
        self._order = lru_cache(maxsize=2)(self._permutation)

    def _permutation(self, epoch: int) -> np.ndarray:
        order = np.arange(self.sequences, dtype=np.uint32)
        # RandomState and not Generator: numpy promises that its streams never change.
        np.random.RandomState([self.seed, epoch]).shuffle(order)
        return order

    def samples(self, step: int) -> np.ndarray:
        """The sequences of the global batch of a step, int64 (G,). Pure in (seed, step)."""
        numbers = np.arange(step * self.global_batch, (step + 1) * self.global_batch)
        epochs, places = np.divmod(numbers, self.sequences)
        return np.array([self._order(epoch)[place] for epoch, place in zip(epochs, places, strict=True)], np.int64)

    def batch(self, step: int) -> Batch:
        """This rank's slice of a step, G / world sequences."""
        share = self.global_batch // self.world
        return self.read(self.samples(step)[self.rank * share : (self.rank + 1) * share])

    def read(self, sequences: np.ndarray) -> Batch:
        """The sequences of these numbers (B,). Raises ValueError for an id outside the vocabulary."""
        starts = (np.asarray(sequences, dtype=np.int64) * self.context).tolist()
        tokens = np.stack([self.shards.tokens(start, start + self.context + 1) for start in starts])
        if tokens.max() >= self.shards.index.vocab_size:
            raise ValueError(
                f"{self.shards.folder}: token {tokens.max()} lies outside the vocabulary of "
                f"{self.shards.index.vocab_size}; the shards are damaged, check them with ShardSet.verify()"
            )
        return Batch(tokens[:, :-1], tokens[:, 1:])

    def state(self, step: int) -> dict[str, int | str]:
        """All that a resumed run needs: samples consumed by `step` optimizer steps, and of which shards."""
        return {"samples": step * self.global_batch, "fingerprint": self.shards.fingerprint}

    def step_of(self, state: dict[str, int | str]) -> int:
        """The step at which a saved state goes on. Raises ValueError when it belongs to other shards."""
        if state["fingerprint"] != self.shards.fingerprint:
            raise ValueError(
                f"the saved run read shards {state['fingerprint']}, {self.shards.folder} is "
                f"{self.shards.fingerprint}; go on with the same shards or train into another --out"
            )
        step, rest = divmod(int(state["samples"]), self.global_batch)
        if rest:
            raise ValueError(
                f"the saved run consumed {state['samples']} samples, which is no multiple of the global batch "
                f"{self.global_batch}; go on with the global batch that it began with"
            )
        return step

    # Tracing ----------------------------------------------------------------------------------------------------

    def sequence_documents(self, step: int) -> list[tuple[int, list[Source]]]:
        """Each sequence of a step's global batch with the documents under it."""
        found = []
        for sequence in self.samples(step).tolist():
            start = sequence * self.context
            sources = self.shards.documents(start, start + self.context + 1)
            found.append((sequence, [Source(*source) for source in sources]))
        return found

    def steps_reading(self, first: int, end: int, steps: int) -> list[int]:
        """The way back: which of the first `steps` steps read any of tokens [first, end) of the stream."""
        lowest = max(0, (first - 1) // self.context)  # a sequence's last target is its neighbour's first input
        wanted = np.arange(lowest, min(self.sequences, (end - 1) // self.context + 1))
        found: set[int] = set()
        for epoch in range(-(-steps * self.global_batch // self.sequences)):
            places = np.flatnonzero(np.isin(self._order(epoch), wanted)) + epoch * self.sequences
            found.update((places // self.global_batch).tolist())
        return sorted(step for step in found if step < steps)

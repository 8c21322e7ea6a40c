"""Loader: which tokens a step reads. A pure function of (shards, packing, seed, step), whatever the number of ranks.

Each epoch reads every sequence (data/sequences.py) once, in a permutation drawn from (seed, epoch). A batch may
cross the boundary of two epochs, so that no sequence is dropped or repeated. Step s (from 0) reads samples
[sG, (s + 1)G) of that endless order; rank r takes its r-th slice.

    G sequences of all ranks
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np

from corpus.shards.reader import ShardSet
from training.data.sequences import IGNORED, PACKINGS, Batch

__all__ = ["IGNORED", "Batch", "Loader", "Source"]


class Source(NamedTuple):
    """A document under a sequence: tokens [first, end) of the stream belong to it."""

    shard: str
    doc_id: str
    first: int
    end: int


class Loader:
    """`packing` is "concat" or "bestfit"; `segments`: whether batches number the documents of their sequences.

    Raises ValueError when the packing is unknown, the set is too short, or the batch is not divisible by the ranks.
    """

    def __init__(
        self,
        shards: ShardSet,
        *,
        context: int,
        global_batch: int,
        seed: int,
        packing: str = "concat",
        segments: bool = False,
        rank: int = 0,
        world: int = 1,
    ) -> None:
        if global_batch % world:
            raise ValueError(
                f"a global batch of {global_batch} sequences is not divisible by {world} ranks; "
                f"start a number of processes that divides it"
            )
        if packing not in PACKINGS:
            raise ValueError(f"packing {packing!r} is unknown; choose one of {', '.join(PACKINGS)}")
        self.layout = PACKINGS[packing](shards, context)
        self.sequences = len(self.layout)
        self.shards, self.context, self.global_batch, self.segments = shards, context, global_batch, segments
        self.seed, self.rank, self.world = seed, rank, world
        # Two epochs, for a batch that crosses their boundary.
        self._order = lru_cache(maxsize=2)(self._permutation)

    def _permutation(self, epoch: int) -> np.ndarray:
        order = np.arange(self.sequences, dtype=np.uint32)
        # RandomState and not Generator: numpy promises that its streams never change.
        np.random.RandomState([self.seed, epoch]).shuffle(order)
        return order

    def samples(self, step: int) -> np.ndarray:
        """The sequences of the global batch of a step, int64 (G,). Pure in (seed, step)."""
        first, end = step * self.global_batch, (step + 1) * self.global_batch
        parts = []
        for epoch in range(first // self.sequences, (end - 1) // self.sequences + 1):
            before = epoch * self.sequences
            parts.append(self._order(epoch)[max(first - before, 0) : end - before])
        return np.concatenate(parts).astype(np.int64)

    def _slice(self, step: int) -> np.ndarray:
        share = self.global_batch // self.world
        return self.samples(step)[self.rank * share : (self.rank + 1) * share]

    def batch(self, step: int) -> Batch:
        """This rank's slice of a step, G / world sequences."""
        return self.read(self._slice(step))

    def read(self, sequences: np.ndarray) -> Batch:
        """The sequences of these numbers (B,). Raises ValueError for an id outside the vocabulary."""
        return self.layout.read(np.asarray(sequences, dtype=np.int64), self.segments)

    def targets(self, step: int) -> int:
        """The number of targets in the global batch of a step. Reads no token."""
        return self.layout.targets(self.samples(step))

    @property
    def padding(self) -> float:
        """The fraction of all positions that are padding."""
        return 1 - self.layout.targets(np.arange(self.sequences)) / (self.sequences * self.context)

    def fetch_ahead(self, step: int) -> None:
        """Starts downloading the shards of this rank's slice of a step, where they are remote."""
        if self.shards.remote:
            self.shards.fetch_ahead(self.layout.token_ranges(self._slice(step))[0])

    def state(self, step: int) -> dict[str, int | str]:
        """All that a resumed run needs: samples consumed by `step` optimizer steps, and of which shards."""
        return {"samples": step * self.global_batch, "fingerprint": self.shards.fingerprint}

    def step_of(self, state: dict[str, int | str]) -> int:
        """The step at which a saved state continues. Raises ValueError when it belongs to other shards."""
        if state["fingerprint"] != self.shards.fingerprint:
            raise ValueError(
                f"the saved run read shards {state['fingerprint']}, {self.shards.folder} is "
                f"{self.shards.fingerprint}; continue with the same shards, or give another --out"
            )
        step, rest = divmod(int(state["samples"]), self.global_batch)
        if rest:
            raise ValueError(
                f"the saved run consumed {state['samples']} samples, which is no multiple of the global batch "
                f"{self.global_batch}; continue with its own --global-batch"
            )
        return step

    # Tracing ----------------------------------------------------------------------------------------------------

    def sequence_documents(self, step: int) -> list[tuple[int, list[Source]]]:
        """Each sequence of a step's global batch with the documents under it."""
        return [(sequence, self.documents(sequence)) for sequence in self.samples(step).tolist()]

    def documents(self, sequence: int) -> list[Source]:
        """The documents under a sequence."""
        ranges = zip(*(part.tolist() for part in self.layout.token_ranges(np.array([sequence]))), strict=True)
        return [Source(*source) for first, end in ranges for source in self.shards.documents(first, end)]

    def steps_reading(self, firsts: np.ndarray, ends: np.ndarray, steps: int) -> list[int]:
        """The reverse: which of the first `steps` steps read any token of these ranges [first, end) of the stream, of
        which each begins where the one before ends, or behind."""
        sequences = self.layout.sequences_reading(firsts, ends)
        found: set[int] = set()
        for epoch in range(-(-steps * self.global_batch // self.sequences)):
            positions = np.flatnonzero(np.isin(self._order(epoch), sequences)) + epoch * self.sequences
            found.update((positions // self.global_batch).tolist())
        return sorted(step for step in found if step < steps)

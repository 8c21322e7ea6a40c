"""Sequences: which tokens of the stream of documents each sequence holds, for each packing.

    concat    sequence i is tokens [iT, iT + T + 1): T inputs and, shifted by one, T targets. The stream's last
              (tokens - 1) mod T tokens fill no sequence and are never read.
    bestfit   sequences of whole documents (data/packing.py): every token of the stream is a target once, nothing is
              predicted across documents, and free positions are padding.

A position belongs to the document of its target: the `eos` from which a document's first token is predicted opens that
document's segment, as it opens a prompt.

    B sequences   T tokens
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, Protocol

import numpy as np

from corpus.shards.reader import ShardSet
from training.data.packing import best_fit, ranges

IGNORED = -100  # the target of a position that predicts nothing, as in torch's cross_entropy


class Batch(NamedTuple):
    """Of B sequences: `tokens` and the `targets` that follow them, both int64 (B, T); IGNORED where there is none.

    `segments`, int32 (B, T), numbers the documents of a sequence from 0, and padding as another one, for attention that
    stays within them; or None.
    """

    tokens: np.ndarray
    targets: np.ndarray
    segments: np.ndarray | None = None


class Sequences(Protocol):
    """A packing of a shard set. `sequences` below are numbers, int64 (B,), each below `len`."""

    def __len__(self) -> int: ...

    def read(self, sequences: np.ndarray, segments: bool) -> Batch:
        """Raises ValueError for an id outside the vocabulary."""
        ...

    def targets(self, sequences: np.ndarray) -> int:
        """The number of positions that predict a token."""
        ...

    def token_ranges(self, sequences: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The ranges [first, end) of the stream that these sequences read, one sequence after another."""
        ...

    def sequences_reading(self, firsts: np.ndarray, ends: np.ndarray) -> np.ndarray:
        """The sequences that read any token of the ranges [first, end) of the stream, int64, of which each begins where
        the one before ends, or behind."""
        ...


class Concat:
    """Raises ValueError when the set is shorter than a sequence and its last target."""

    def __init__(self, shards: ShardSet, context: int) -> None:
        if len(shards) <= context:
            raise ValueError(
                f"{shards.folder} holds {len(shards)} tokens, fewer than one sequence of {context} and its target; "
                f"take a smaller --context or more documents"
            )
        self.shards, self.context = shards, context

    def __len__(self) -> int:
        return (len(self.shards) - 1) // self.context

    def targets(self, sequences: np.ndarray) -> int:
        return len(sequences) * self.context

    def token_ranges(self, sequences: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return sequences * self.context, (sequences + 1) * self.context + 1

    def sequences_reading(self, firsts: np.ndarray, ends: np.ndarray) -> np.ndarray:
        lowest = np.maximum(0, (firsts - 1) // self.context)  # a sequence's last target is the next one's first input
        counts = np.minimum(len(self), (ends - 1) // self.context + 1) - lowest
        return np.unique(ranges(lowest, np.maximum(0, counts)))

    def read(self, sequences: np.ndarray, segments: bool) -> Batch:
        count, size = len(sequences), self.context
        starts = sequences * size
        stream = self.shards.gather(starts, np.full(count, size + 1)).reshape(count, size + 1)
        check_vocabulary(stream, self.shards)
        tokens, targets = stream[:, :-1].astype(np.int64), stream[:, 1:].astype(np.int64)
        if not segments:
            return Batch(tokens, targets)
        documents = self.shards.document_starts
        first, end = np.searchsorted(documents, [starts + 1, starts + 1 + size])
        columns = documents[ranges(first, end - first)] - np.repeat(starts + 1, end - first)
        return Batch(tokens, targets, number_segments(np.repeat(np.arange(count), end - first), columns, (count, size)))


class BestFit:
    """Planned on construction, from the starts of documents: opens every shard. Raises ValueError for an empty set."""

    def __init__(self, shards: ShardSet, context: int) -> None:
        if not len(shards):
            raise ValueError(f"{shards.folder} holds no tokens")
        self.shards, self.context = shards, context
        self.packing = best_fit(shards.document_starts, len(shards), context)
        self._filled = self.packing.filled

    def __len__(self) -> int:
        return len(self.packing)

    def targets(self, sequences: np.ndarray) -> int:
        return int(self._filled[sequences].sum())

    def token_ranges(self, sequences: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        pieces, _ = self.packing.pieces(sequences)
        starts = self.packing.starts[pieces]
        return starts - ~self.packing.opens[pieces], starts + self.packing.lengths[pieces]

    def sequences_reading(self, firsts: np.ndarray, ends: np.ndarray) -> np.ndarray:
        packing = self.packing
        starts = packing.starts - ~packing.opens
        following = np.searchsorted(ends, starts, side="right")  # the first range that a piece does not lie behind
        pieces = np.flatnonzero(np.append(firsts, len(self.shards))[following] < packing.starts + packing.lengths)
        return np.unique(np.searchsorted(packing.bounds, pieces, side="right") - 1)

    def read(self, sequences: np.ndarray, segments: bool) -> Batch:
        count, size, eos = len(sequences), self.context, self.shards.index.eos
        pieces, counts = self.packing.pieces(sequences)
        starts, lengths, opens = (
            part[pieces] for part in (self.packing.starts, self.packing.lengths, self.packing.opens)
        )
        filled = self._filled[sequences]
        targets = self.shards.gather(starts, lengths)
        check_vocabulary(targets, self.shards)
        tokens = np.empty_like(targets)
        tokens[1:] = targets[:-1]
        # A piece's first token is predicted from eos, or after a cut from the token before it.
        firsts = np.cumsum(lengths) - lengths
        tokens[firsts[opens]] = eos
        tokens[firsts[~opens]] = self.shards.gather(starts[~opens] - 1, np.ones_like(starts[~opens]))
        batch = Batch(pad_rows(tokens, filled, size, eos), pad_rows(targets, filled, size, IGNORED))
        if not segments:
            return batch
        short = np.flatnonzero(filled < size)  # where padding begins another segment
        columns = firsts - np.repeat(np.cumsum(filled) - filled, counts)
        rows = np.append(np.repeat(np.arange(count), counts), short)
        return batch._replace(segments=number_segments(rows, np.append(columns, filled[short]), (count, size)))


PACKINGS: dict[str, Callable[[ShardSet, int], Sequences]] = {"concat": Concat, "bestfit": BestFit}


def number_segments(rows: np.ndarray, columns: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """Segments, int32 (B, T), of which a new one begins at each of these positions and at each row."""
    count, size = shape
    inner = columns > 0
    begins = np.sort(np.concatenate([np.arange(count) * size, rows[inner] * size + columns[inner]]))
    row = begins // size
    numbers = np.arange(len(begins)) - np.searchsorted(row, row)
    return np.repeat(numbers.astype(np.int32), np.diff(begins, append=count * size)).reshape(shape)


def pad_rows(values: np.ndarray, filled: np.ndarray, size: int, padding: int) -> np.ndarray:
    """Rows of `size`, int64, of which each has its next `filled` values and then padding."""
    if len(values) == len(filled) * size:
        return values.reshape(len(filled), size).astype(np.int64)
    rows = np.full((len(filled), size), padding, np.int64)
    end = 0
    for row, length in zip(rows, filled.tolist(), strict=True):
        row[:length] = values[end : end + length]
        end += length
    return rows


def check_vocabulary(tokens: np.ndarray, shards: ShardSet) -> None:
    if tokens.max() >= shards.index.vocab_size:
        raise ValueError(
            f"{shards.folder}: token {tokens.max()} lies outside the vocabulary of {shards.index.vocab_size}; "
            f"the shards are damaged; `headwater verify {shards.folder}` says where"
        )

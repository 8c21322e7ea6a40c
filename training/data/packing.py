"""Packing: documents into sequences of a fixed size, planned from their starts, without reading a token.

Best-fit decreasing (Ding et al. 2024, "Fewer Truncations Improve Language Modeling", arXiv:2404.10830): a document
longer than a sequence is cut into full pieces and a remainder; pieces then go, longest first, each into the sequence
with the smallest sufficient space. Only documents longer than a sequence are cut; sequences end in a little padding.

A piece is a range of tokens that are predicted. The first of a document is predicted from `eos`, which closes the
previous document and opens this one, every other token from those before it; after a cut, the token before the piece is
read again. So each token of the stream is predicted exactly once, and every position of a sequence except padding
predicts one.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, kw_only=True)
class Packing:
    """Sequence i holds the pieces [bounds[i], bounds[i + 1]), in the order of the stream.

    Piece p predicts tokens [starts[p], starts[p] + lengths[p]) of the stream; `opens[p]`: it begins its document.
    """

    size: int
    starts: np.ndarray
    lengths: np.ndarray
    opens: np.ndarray
    bounds: np.ndarray

    def __len__(self) -> int:
        """Sequences."""
        return len(self.bounds) - 1

    @property
    def filled(self) -> np.ndarray:
        """Tokens that each sequence predicts, int32 (sequences,)."""
        return np.add.reduceat(self.lengths, self.bounds[:-1], dtype=np.int32)

    def pieces(self, sequences: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The pieces of these sequences, one sequence after another, and of how many each has."""
        first = self.bounds[sequences]
        counts = self.bounds[sequences + 1] - first
        return ranges(first, counts), counts


def ranges(firsts: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """first, first + 1, ... of each pair, `count` numbers of each."""
    return np.repeat(firsts - (np.cumsum(counts) - counts), counts) + np.arange(counts.sum())


def best_fit(documents: np.ndarray, tokens: int, size: int) -> Packing:
    """Packs documents that start at `documents` (int64, ascending from 0) in a stream of `tokens` into sequences of
    `size` positions. Takes O(n log n) for n documents, for sorting; the rest works on groups of equal length and space.

    Full pieces come first, a sequence each, then the remainders. Each array is written once: at 10^9 tokens most of the
    time would go to pages of memory that are touched for the first time.
    """
    counts, rests = np.divmod(np.diff(documents, append=tokens), size)  # full pieces of each document, its remainder
    cut, short = np.flatnonzero(counts), np.flatnonzero(rests)
    full, rest_lengths = int(counts.sum()), rests[short]
    sequence, sequences = _place(rest_lengths, size)
    order = _stable_order(sequence)
    short = short[order]

    starts = np.empty(full + len(short), np.int64)
    firsts = np.cumsum(counts[cut]) - counts[cut]
    starts[:full] = size  # from one full piece to the next, but from that of another document
    starts[firsts] = np.diff(documents[cut], prepend=0)
    starts[firsts[1:]] -= (counts[cut[:-1]] - 1) * size
    np.cumsum(starts[:full], out=starts[:full])
    starts[full:] = documents[short] + counts[short] * size
    lengths = np.full(len(starts), size, np.int32)
    lengths[full:] = rest_lengths[order]
    opens = np.zeros(len(starts), bool)
    opens[firsts] = True
    opens[full:] = counts[short] == 0
    bounds = np.arange(full + sequences + 1)
    bounds[full + 1 :] = full + np.cumsum(np.bincount(sequence, minlength=sequences))
    return Packing(size=size, starts=starts, lengths=lengths, opens=opens, bounds=bounds)


def _stable_order(numbers: np.ndarray) -> np.ndarray:
    """np.argsort(numbers, kind="stable") of numbers below 2^32, in half of the time: 16 bits are sorted in one pass."""
    order = np.argsort(numbers.astype(np.uint16), kind="stable")
    return order[np.argsort((numbers >> 16).astype(np.uint16)[order], kind="stable")]


def _place(lengths: np.ndarray, size: int) -> tuple[np.ndarray, int]:
    """The sequence of each piece, and how many there are. Pieces of one length are placed together: the sequence with
    the smallest sufficient space stays the best fit until it is full, and so do all with the same space.
    """
    # The longest first, those of one length in the order of the stream; numbers of 16 bits are sorted in one pass.
    order = np.argsort((size - lengths).astype(np.min_scalar_type(size)), kind="stable")
    found = np.empty(len(lengths), np.int64)
    groups: defaultdict[int, list[np.ndarray]] = defaultdict(list)  # room left -> sequences
    rooms = 0  # bit r is set where a sequence has space r: finds the smallest sufficient space without a search
    sequences = position = 0
    counts = np.bincount(lengths, minlength=size + 1)
    for length in np.flatnonzero(counts)[::-1].tolist():
        left = int(counts[length])
        while left:
            if fitting := rooms >> length:
                room = length + (fitting & -fitting).bit_length() - 1
                group = np.concatenate(groups.pop(room))
                rooms ^= 1 << room
            else:
                room = size
                needed = -(-left // (size // length))
                group = np.arange(sequences, sequences + needed)
                sequences += needed
            each = room // length
            full, rest = divmod(min(left, each * len(group)), each)
            placed = full * each + rest
            taken = np.repeat(group[: full + (rest > 0)], each)[:placed]
            found[order[position : position + placed]] = taken
            position, left = position + placed, left - placed
            after = {room - each * length: group[:full], room: group[full + (rest > 0) :]}
            if rest:
                after[room - rest * length] = group[full : full + 1]
            for room_left, members in after.items():
                if len(members) and room_left:
                    groups[room_left].append(members)
                    rooms |= 1 << room_left
    return found, sequences

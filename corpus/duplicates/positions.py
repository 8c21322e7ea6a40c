"""Positions: some documents of a crawl, by their positions in it, in one bit for each document of the crawl."""

from __future__ import annotations

import numpy as np

from corpus.text.compiled import kernel

WORD, BIT = np.int64(6), np.int64(63)
STEP = 1 << 16  # words that are unpacked at a time


class PositionSet:
    """A set of positions from 0 to `size`."""

    def __init__(self, size: int) -> None:
        self.bits = np.zeros(-(-size // 64), np.uint64)

    def add(self, positions: np.ndarray) -> None:
        """`positions` (P,) int64."""
        _add(self.bits, positions)

    def holds(self, positions: np.ndarray) -> np.ndarray:
        """Which of some positions (P,) int64 are in the set: a Boolean mask."""
        return _holds(self.bits, positions)

    def __len__(self) -> int:
        return int(np.bitwise_count(self.bits).sum())

    def sorted(self) -> np.ndarray:
        """Rising, uint32."""
        found = [np.empty(0, np.uint32)]
        for word in range(0, len(self.bits), STEP):
            bits = np.unpackbits(self.bits[word : word + STEP].view(np.uint8), bitorder="little")
            found.append((np.flatnonzero(bits) + 64 * word).astype(np.uint32))
        return np.concatenate(found)


class PlacesInSet:
    """The place of each of a set's positions among all of them, in 4 bytes for 64 positions of the crawl."""

    def __init__(self, positions: PositionSet) -> None:
        self.bits = positions.bits
        counts = np.bitwise_count(self.bits)
        self.before = np.cumsum(counts, dtype=np.uint32) - counts

    def places(self, positions: np.ndarray) -> np.ndarray:
        """Of positions (P,) int64 that are in the set, int64."""
        return _places(self.bits, self.before, positions)


@kernel
def _add(bits, positions):
    for position in positions:
        bits[position >> WORD] |= np.uint64(1) << np.uint64(position & BIT)


@kernel
def _holds(bits, positions):
    found = np.empty(len(positions), np.bool_)
    for number, position in enumerate(positions):
        found[number] = (bits[position >> WORD] >> np.uint64(position & BIT)) & np.uint64(1)
    return found


@kernel
def _places(bits, before, positions):
    found = np.empty(len(positions), np.int64)
    for number, position in enumerate(positions):
        below = bits[position >> WORD] & ((np.uint64(1) << np.uint64(position & BIT)) - np.uint64(1))
        count = 0
        while below:
            below &= below - np.uint64(1)
            count += 1
        found[number] = before[position >> WORD] + count
    return found

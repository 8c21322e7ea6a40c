"""Batches: the windows of questions as rows of tokens, in which a common beginning of several windows is read once.

The choices of an item share its question, and the items of a subject the solved examples before them. So a row is a
tree, laid out depth first (tree attention, as in Miao et al. 2024, SpecInfer): a token attends to those on its way
from the root, which are all before it whose branch has not ended.

    tokens      c0 c1 c2   a3 a4   b3        two choices, a and b, of one question c
    positions   0  1  2    3  4    3         depth in the tree
    ends        6  6  6    5  5    6         where a token's branch ends: token q attends to k when k <= q < ends[k]
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from training.inference.questions import Question, Window, split_into_windows

TOKENS_AT_ONCE = 4096
# A window joins a row that already has this fraction of its tokens, unless the row became longer than so many times the
# window: the cost of attention over a row grows with its square, also between branches.
MIN_SHARED, MAX_LENGTH = 0.5, 3


class Piece(NamedTuple):
    """A window of a question: the tokens to read and the targets, of which the last is not read."""

    question: int
    window: Window
    tokens: list[int]
    targets: list[int]


class Row(NamedTuple):
    """Pieces in the order of their tokens, and the number of leading tokens that each shares with the previous one."""

    pieces: list[Piece]
    shared: list[int]

    @property
    def read(self) -> int:
        """The number of distinct sequences: choices of one token each need one."""
        return sum(not n or n < len(piece.tokens) for piece, n in zip(self.pieces, self.shared, strict=True))

    @property
    def length(self) -> int:
        return sum(len(piece.tokens) for piece in self.pieces) - sum(self.shared)


@dataclass(frozen=True)
class Batch:
    """Arrays of shape (rows, tokens), padded on the right. `branched`: whether any row is more than one sequence.

    `indices` (n,) point into the flattened rows, at the tokens that are followed by `targets` (n,); both in the order
    of `pieces`.
    """

    tokens: np.ndarray
    positions: np.ndarray
    ends: np.ndarray
    branched: bool
    indices: np.ndarray
    targets: np.ndarray
    pieces: list[Piece]


def build_batches(questions: Sequence[Question], context: int, size: int | None, *, branches: bool) -> Iterator[Batch]:
    """All questions, the longest rows first, so that what does not fit into memory fails at once and padding is short.

    A batch reads at most `size` different sequences; without a size, it holds about TOKENS_AT_ONCE tokens. Rows branch
    if `branches`. Batches depend on the questions alone, not on the machine.
    """
    rows = sorted(_rows(questions, context, size, branches), key=lambda row: (-row.length, row.pieces[0][:2]))
    chosen: list[Row] = []
    for row in rows:
        if chosen and _full(chosen, row, size):
            yield _batch(chosen)
            chosen = []
        chosen.append(row)
    if chosen:
        yield _batch(chosen)


def _full(rows: Sequence[Row], row: Row, size: int | None) -> bool:
    if size is not None:
        return sum(kept.read for kept in rows) + row.read > size
    return (len(rows) + 1) * rows[0].length > TOKENS_AT_ONCE


def _rows(questions: Sequence[Question], context: int, size: int | None, branches: bool) -> Iterator[Row]:
    pieces = [
        Piece(
            number, window, question.tokens[window.begin : window.stop - 1], question.tokens[window.start : window.stop]
        )
        for number, question in enumerate(questions)
        for window in split_into_windows(question, context)
    ]
    pieces.sort(key=lambda piece: (piece.tokens, piece.question, piece.window))
    row, length = Row([], []), 0
    for piece in pieces:
        own = len(piece.tokens)
        shared = _common_prefix(row.pieces[-1].tokens, piece.tokens) if row.pieces else 0
        same = bool(row.pieces) and shared == own == len(row.pieces[-1].tokens)
        fits = branches and shared >= MIN_SHARED * own and length + own - shared <= MAX_LENGTH * own
        if row.pieces and not same and not (fits and (size is None or row.read < size)):
            yield row
            row, length, shared = Row([], []), 0, 0
        row.pieces.append(piece)
        row.shared.append(shared)
        length += own - shared
    if row.pieces:
        yield row


def _common_prefix(left: Sequence[int], right: Sequence[int]) -> int:
    """The number of leading tokens that are equal."""
    return next((n for n, (a, b) in enumerate(zip(left, right, strict=False)) if a != b), min(len(left), len(right)))


def _batch(rows: Sequence[Row]) -> Batch:
    width = max(row.length for row in rows)
    tokens, positions = np.zeros((len(rows), width), np.int64), np.zeros((len(rows), width), np.int64)
    ends = np.full(
        (len(rows), width), width, np.int64
    )  # a padding token attends to itself: a softmax over nothing is NaN
    indices: list[np.ndarray] = []
    for number, row in enumerate(rows):
        path, stop = np.empty(0, np.int64), 0
        for piece, shared in zip(row.pieces, row.shared, strict=True):
            ends[number, path[shared:]] = stop
            own = np.arange(stop, stop + len(piece.tokens) - shared)
            path, stop = np.concatenate((path[:shared], own)), stop + len(own)
            tokens[number, own] = piece.tokens[shared:]
            positions[number, own] = np.arange(shared, len(piece.tokens))
            indices.append(number * width + path[len(path) - len(piece.targets) :])
        ends[number, path] = stop
    pieces = [piece for row in rows for piece in row.pieces]
    return Batch(
        tokens=tokens,
        positions=positions,
        ends=ends,
        branched=any(row.length > max(len(piece.tokens) for piece in row.pieces) for row in rows),
        indices=np.concatenate(indices),
        targets=np.concatenate([np.array(piece.targets, np.int64) for piece in pieces]),
        pieces=pieces,
    )

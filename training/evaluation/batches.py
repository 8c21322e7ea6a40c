"""Batches: windows become rows of tokens, those of one item in one row where they begin alike.

The choices of an item share its context. Instead of reading it once for each, a row holds the shared beginning and then
every choice as a branch, which sees the beginning and itself (tree attention, as in Miao et al. 2024, SpecInfer):

    tokens     c0 c1 c2 c3   a4 a5   b4
    branches   0  0  0  0    1  1    2
    positions  0  1  2  3    4  5    4
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import NamedTuple

import numpy as np

from training.evaluation.questions import Question, Window, windows

TOKENS_AT_ONCE = 4096
SHARED_AT_LEAST = 0.5  # of the longest; below it, attention between branches costs more than reading twice


class Piece(NamedTuple):
    """What one window reads, and from which place on of `question` it asks."""

    question: int
    window: Window
    tokens: list[int]  # read
    wanted: list[int]  # asked for; the last is not read


class Row(NamedTuple):
    """Pieces whose first `shared` tokens are equal; with one piece, a plain sequence."""

    pieces: list[Piece]
    shared: int

    @property
    def length(self) -> int:
        return self.shared + sum(len(piece.tokens) - self.shared for piece in self.pieces)


@dataclass(frozen=True)
class Batch:
    """Arrays of shape (rows, tokens), padded on the right with zeros, where no token looks; and what is read of them.

    `branches` tells which tokens see each other (None: plain causal attention), `places` (n,) are indices into the
    flattened rows whose next token is asked for, `wanted` (n,) are those tokens. `pieces` are in the order of both.
    """

    tokens: np.ndarray
    lengths: np.ndarray
    branches: np.ndarray | None
    positions: np.ndarray
    places: np.ndarray
    wanted: np.ndarray
    pieces: list[Piece]


def batches(
    questions: Sequence[Question], groups: Sequence[Hashable], context: int, size: int | None, *, trees: bool
) -> Iterator[Batch]:
    """All questions, longest rows first, so that what does not fit into memory fails at once and padding is short.

    A batch holds rows of at least `size` windows in all; without a size, of at most TOKENS_AT_ONCE tokens. Neighbours
    of an equal group may share a row, if `trees`. The batches follow from the questions alone.
    """
    rows = sorted(
        _rows(questions, groups, context, trees),
        key=lambda row: (-row.length, row.pieces[0].question, row.pieces[0].window),
    )
    chosen: list[Row] = []
    for row in rows:
        if chosen and _full(chosen, size):
            yield _batch(chosen)
            chosen = []
        chosen.append(row)
    if chosen:
        yield _batch(chosen)


def _full(rows: Sequence[Row], size: int | None) -> bool:
    if size is not None:
        return sum(len(row.pieces) for row in rows) >= size
    return (len(rows) + 1) * rows[0].length > TOKENS_AT_ONCE


def _rows(questions: Sequence[Question], groups: Sequence[Hashable], context: int, trees: bool) -> Iterator[Row]:
    for _, members in groupby(range(len(questions)), key=groups.__getitem__):
        pieces = [
            Piece(number, w, questions[number].tokens[w.begin : w.stop - 1], questions[number].tokens[w.start : w.stop])
            for number in members
            for w in windows(questions[number], context)
        ]
        shared = _shared(pieces) if trees and len(pieces) > 1 else 0
        if shared and shared >= SHARED_AT_LEAST * max(len(piece.tokens) for piece in pieces):
            yield Row(pieces, shared)
        else:
            for piece in pieces:
                yield Row([piece], len(piece.tokens))


def _shared(pieces: Sequence[Piece]) -> int:
    """The number of leading tokens that all pieces read."""
    first, last = min(piece.tokens for piece in pieces), max(piece.tokens for piece in pieces)
    for place, (one, other) in enumerate(zip(first, last, strict=False)):
        if one != other:
            return place
    return min(len(first), len(last))


def _batch(rows: Sequence[Row]) -> Batch:
    width = max(row.length for row in rows)
    tokens, positions = np.zeros((len(rows), width), np.int64), np.zeros((len(rows), width), np.int64)
    branches = np.zeros((len(rows), width), np.int64)
    places: list[np.ndarray] = []
    for number, row in enumerate(rows):
        end = row.shared
        tokens[number, :end] = row.pieces[0].tokens[:end]
        positions[number, :end] = np.arange(end)
        for branch, piece in enumerate(row.pieces, start=1):
            own = len(piece.tokens) - row.shared
            tokens[number, end : end + own] = piece.tokens[row.shared :]
            positions[number, end : end + own] = np.arange(row.shared, row.shared + own)
            branches[number, end : end + own] = branch
            read = np.arange(len(piece.tokens) - len(piece.wanted), len(piece.tokens))
            places.append(number * width + np.where(read < row.shared, read, read - row.shared + end))
            end += own
        branches[number, end:] = -1
    pieces = [piece for row in rows for piece in row.pieces]
    return Batch(
        tokens=tokens,
        lengths=np.array([row.length for row in rows]),
        branches=branches if any(row.length > row.shared for row in rows) else None,
        positions=positions,
        places=np.concatenate(places),
        wanted=np.concatenate([np.array(piece.wanted, np.int64) for piece in pieces]),
        pieces=pieces,
    )

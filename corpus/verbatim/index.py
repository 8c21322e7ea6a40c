"""Text index: the maximal spans of a question in the training tokens, how often they occur, and where.

A span is maximal where it gets no longer, on either side, without being found nowhere. Spans are ranked by how rare
their tokens are, as in OLMoTrace (Liu et al. 2025, arXiv:2504.07096): the more bits, the less likely they stand
together by chance.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from corpus.shards.format import Shard, convert_to_tokens
from corpus.shards.reader import ShardSet
from corpus.verbatim.matches import find_range, longest_matches
from corpus.verbatim.order import COUNT, PLACE, array_name

VERIFY = "`headwater verify` names damaged files"
SORTED = 1_000  # of a tar's places of a span at most are looked at: "of the" has millions


@dataclass(frozen=True, kw_only=True)
class Span:
    """Tokens [start, stop) of a question, which occur so often in the training tokens. `bits`: how unlikely they are,
    each by its own frequency. `ranges`: of each tar's order, which part begins with them."""

    start: int
    stop: int
    occurrences: int
    bits: float
    ranges: tuple[tuple[int, int], ...]


class Tar(NamedTuple):
    """A tar of the set, its places in order, and where those of each token begin among them."""

    shard: Shard
    tokens: np.ndarray
    order: np.ndarray
    bounds: np.ndarray


class TextIndex:
    """A set of shards with the order of each of its tars and the counts of its tokens, in the folders `orders` and
    `counts`. Tars and orders are mapped into memory.

    Raises ValueError naming an array that is not of its tar, FileNotFoundError where there is none.
    """

    def __init__(self, shards: ShardSet, orders: Path, counts: Path) -> None:
        self.shards = shards
        self._tars: list[Tar] = []
        self._counts = np.zeros(shards.index.vocab_size, COUNT)
        for shard in shards.index.shards:
            order = _read(orders / array_name(shard), PLACE, sum(chunk.tokens for chunk in shard.chunks))
            counted = _read(counts / array_name(shard), COUNT, shards.index.vocab_size)
            bounds = np.cumsum([0, *counted.tolist()])
            if bounds[-1] != len(order) or counted.min() < 0:
                raise ValueError(f"{counts / array_name(shard)} counts other tokens than {shard.path} has; {VERIFY}")
            self._tars.append(Tar(shard, shards.map(shard), order, bounds))
            self._counts += counted

    def spans(self, question: np.ndarray, least: int) -> list[Span]:
        """The maximal spans of at least `least` tokens, the one with most bits first. Raises ValueError for a question
        that has an id outside the vocabulary, or the end of text: nothing is found across documents."""
        question = convert_to_tokens(np.asarray(question), self.shards.index.vocab_size)
        if least < 1 or (question == self.shards.index.eos).any():
            raise ValueError(f"a span has at least 1 token, not {least}, and no end of text")
        lengths = np.zeros(len(question), np.int64)
        for _, tokens, order, bounds in self._tars:
            longest_matches(question, tokens, order, bounds, lengths)
        stops = np.arange(len(question)) + lengths
        grows = np.diff(stops, prepend=0) > 0  # otherwise the span is the end of the one before
        bits = -np.log2(np.maximum(self._counts[question], 1) / max(len(self.shards), 1))
        found = []
        for start in np.flatnonzero(grows & (lengths >= least)).tolist():
            stop = int(stops[start])
            ranges = tuple(find_range(question[start:stop], *tar[1:]) for tar in self._tars)
            found.append(
                Span(
                    start=start,
                    stop=stop,
                    occurrences=sum(end - first for first, end in ranges),
                    bits=float(bits[start:stop].sum()),
                    ranges=ranges,
                )
            )
        return sorted(found, key=lambda span: (-span.bits, span.start))

    def places(self, question: np.ndarray, span: Span) -> Iterator[int]:
        """Where in the stream the span occurs, tar after tar, ascending among SORTED of each.

        Each is read again in its chunk, whose digest is checked: raises ValueError where it does not stand there.
        """
        wanted = np.asarray(question)[span.start : span.stop]
        before = 0
        for tar, (first, stop) in zip(self._tars, span.ranges, strict=True):
            chunks = tar.shard.chunks
            some = np.sort(tar.order[first : min(stop, first + SORTED)]).astype(np.int64)
            starts = np.array([chunk.tokens_offset // self.shards.dtype.itemsize for chunk in chunks])
            stream = before + np.cumsum([0, *(chunk.tokens for chunk in chunks)])
            numbers = np.searchsorted(starts, some, side="right") - 1
            for place in (stream[numbers] + some - starts[numbers]).tolist():
                end = place + len(wanted)
                if not (place >= 0 and end <= len(self.shards) and (self.shards.tokens(place, end) == wanted).all()):
                    raise ValueError(f"the index of {self.shards.folder}/{tar.shard.path} does not fit it; {VERIFY}")
                yield place
            before = int(stream[-1])


def _read(path: Path, dtype: np.dtype[Any], length: int) -> np.ndarray:
    array = np.load(path, mmap_mode="r")
    if array.dtype != dtype or array.shape != (length,):
        raise ValueError(f"{path} is {array.dtype} of {array.shape}, wanted is {dtype} of ({length},); {VERIFY}")
    return array.view(np.ndarray)

from __future__ import annotations

import time

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from training.data.packing import Packing, best_fit

LENGTHS = st.lists(st.integers(1, 60), min_size=1, max_size=60)


def pack(lengths: list[int], size: int) -> Packing:
    ends = np.cumsum(lengths)
    return best_fit(ends - lengths, int(ends[-1]), size)


def rooms_of_best_fit_decreasing(lengths: list[int], size: int) -> list[int]:
    """As the paper tells it, one piece at a time."""
    pieces = [min(size, length - first) for length in lengths for first in range(0, length, size)]
    rooms: list[int] = []
    for piece in sorted(pieces, reverse=True):
        fitting = [(room, place) for place, room in enumerate(rooms) if room >= piece]
        if not fitting:
            rooms.append(size)
        place = min(fitting)[1] if fitting else len(rooms) - 1
        rooms[place] -= piece
    return sorted(rooms)


@settings(max_examples=200, deadline=None)
@given(lengths=LENGTHS, size=st.integers(1, 70))
def test_it_is_best_fit_decreasing(lengths: list[int], size: int) -> None:
    found = pack(lengths, size)
    assert sorted((size - found.filled).tolist()) == rooms_of_best_fit_decreasing(lengths, size)


@settings(max_examples=100, deadline=None)
@given(lengths=LENGTHS, size=st.integers(1, 70))
def test_every_token_lies_in_one_piece_and_only_long_documents_are_cut(lengths: list[int], size: int) -> None:
    found = pack(lengths, size)
    order = np.argsort(found.starts)
    ends = found.starts[order] + found.lengths[order]
    assert found.starts[order].tolist() == [0, *ends[:-1].tolist()]
    assert ends[-1] == sum(lengths)
    documents = np.cumsum([0, *lengths[:-1]])
    assert found.starts[found.opens].tolist() == found.starts[np.isin(found.starts, documents)].tolist()
    assert len(found.starts) == sum(-(-length // size) for length in lengths)


def test_a_sequence_holds_its_pieces_in_the_order_of_the_stream() -> None:
    found = pack([3, 9, 2, 1, 4], 5)
    pieces = [np.arange(*found.bounds[sequence : sequence + 2]) for sequence in range(len(found))]
    inside = [[(int(found.starts[p]), int(found.lengths[p])) for p in part] for part in pieces]
    assert inside == [[(3, 5)], [(8, 4), (14, 1)], [(15, 4)], [(0, 3), (12, 2)]]
    assert [part.tolist() for part in found.pieces(np.array([3, 1]))] == [[4, 5, 1, 2], [2, 2]]


def test_more_sequences_than_sixteen_bits_number_hold_what_fits() -> None:
    lengths = np.random.RandomState(0).randint(1, 40, 200_000).tolist()
    found = pack(lengths, 32)
    assert len(found) > 1 << 16 and sorted(np.diff(np.append(np.sort(found.starts), sum(lengths)))) == sorted(
        found.lengths
    )
    sequences = np.repeat(np.arange(len(found)), np.diff(found.bounds))
    assert np.array_equal(np.bincount(sequences, found.lengths), found.filled) and found.filled.max() <= 32
    assert all(np.diff(found.starts)[np.diff(sequences) == 0] > 0)


def test_a_million_documents_take_seconds_and_little_padding() -> None:
    lengths = np.maximum(1, np.random.RandomState(0).lognormal(6.4, 1.0, 1_000_000)).astype(int)
    start = time.thread_time()
    found = pack(lengths.tolist(), 1024)
    assert time.thread_time() - start < 10  # 0.5 measured
    assert found.lengths.sum() > 0.999 * 1024 * len(found)

"""WARC in ranges: wherever a file is cut and whatever is broken in it, each byte is accounted for once."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mutations import damage_bytes
from warc_bytes import member, outcomes, read, three

GZIP, PLAIN = b"".join(three()), b"".join(three(compressed=False))
FIRST, SECOND, THIRD = three()
BROKEN = {
    "whole": GZIP,
    "zeros between": FIRST + b"\0" * 100 + SECOND + THIRD,
    "no record between": FIRST + member(b"an error page") + b"\0" * 9 + SECOND + THIRD,
    "damaged start": FIRST + SECOND[:12] + bytes(4) + SECOND[16:] + THIRD,
    "damaged end": FIRST + SECOND[:-9] + bytes(4) + SECOND[-5:] + THIRD,
    "garbage behind": GZIP + b"garbage",
    "truncated": GZIP[:-30],
    "cut to a stump": GZIP + FIRST[:12],
}


def tiled(data: bytes, cuts: Sequence[int]) -> list[tuple[int, int, str]]:
    edges = [0, *sorted(cuts), len(data)]
    return [item for start, stop in itertools.pairwise(edges) for item in outcomes(read(data, start, stop))]


@pytest.mark.parametrize("name", BROKEN)
def test_two_ranges_read_what_one_reads_wherever_the_cut_is(name: str) -> None:
    data = BROKEN[name]
    whole = outcomes(read(data))
    for cut in range(1, len(data)):
        assert tiled(data, [cut]) == whole, f"cut at byte {cut}"


def test_a_plain_file_is_read_by_the_range_that_begins_it() -> None:
    whole = outcomes(read(PLAIN))
    assert len(whole) == 3
    assert all(tiled(PLAIN, [cut]) == whole for cut in range(1, len(PLAIN), 7))


@st.composite
def mutated(draw: st.DrawFn, original: bytes) -> bytes:
    """A WARC with bytes changed, cut out, put in, or its end lost."""
    put_in = st.binary(max_size=20) | st.just(FIRST[:40]) | st.just(b"\r\nWARC/1.0\r\n")
    return damage_bytes(draw, original, draw(st.integers(0, 4)), put_in)


def check_cover(data: bytes) -> None:
    """No two outcomes overlap, all lie in the file, and what lies between them is blank lines."""
    position = 0
    for offset, length, _ in outcomes(read(data)):
        assert offset >= position and length > 0
        assert not data[position:offset].strip(b"\r\n")
        position = offset + length
    assert position <= len(data)
    assert not data[position:].strip(b"\r\n")


@settings(max_examples=150, deadline=None)
@given(mutated(GZIP), st.lists(st.integers(1, len(GZIP)), max_size=4))
def test_mutated_gzip_is_covered_and_ranges_agree(data: bytes, cuts: list[int]) -> None:
    check_cover(data)
    assert tiled(data, [cut for cut in cuts if cut < len(data)]) == outcomes(read(data))


@settings(max_examples=150, deadline=None)
@given(mutated(PLAIN) | st.binary(max_size=300))
def test_mutated_plain_files_and_any_bytes_are_covered(data: bytes) -> None:
    check_cover(data)

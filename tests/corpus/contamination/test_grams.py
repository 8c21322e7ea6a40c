"""Grams: every known run of words is found where it stands, and no other, in scripts with and without spaces."""

from __future__ import annotations

from collections.abc import Iterable, Set

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corpus.contamination.grams import NgramIndex, hash_ngrams
from corpus.text.normal_form import words

TOKENS = st.sampled_from(["Ka", "ka", "lo", "mi_nu", "don't", "é", "e\u0301", "-", "“", "河", "江", "ข", "7", "\n"])
TEXTS = st.lists(st.lists(TOKENS, max_size=12).map(" ".join), min_size=1, max_size=5)


def array(texts: list[str]) -> pa.Array:
    return pa.array(texts, pa.large_string())


def runs(text: str, size: int) -> list[tuple[str, ...]]:
    found = words(text)
    return [tuple(found[place : place + size]) for place in range(len(found) - size + 1)]


def index_of(known: list[str], sizes: Iterable[int], unspaced: Set[int] = frozenset()) -> NgramIndex:
    hashes = {size: hash_ngrams(array(known), size)[0] for size in sizes}
    keys, first = np.unique(np.concatenate([*hashes.values()]), return_index=True)
    return NgramIndex(keys, np.repeat([*hashes], [len(found) for found in hashes.values()])[first], unspaced)


@settings(max_examples=150, deadline=None)
@given(TEXTS, TEXTS)
def test_what_is_found_is_what_comparing_words_finds(known: list[str], texts: list[str]) -> None:
    sizes = (2, 3, 5)
    wanted = {run for text in known for size in sizes for run in runs(text, size)}
    hits = index_of(known, sizes).find(array(texts))
    exact = [
        (number, place)
        for number, text in enumerate(texts)
        for size in sizes
        for place, run in enumerate(runs(text, size))
        if run in wanted
    ]
    assert list(zip(hits.texts.tolist(), hits.positions.tolist(), strict=True)) == exact


def test_texts_of_a_slice_and_more_hits_than_there_is_room_for_at_first() -> None:
    texts = array(["left out", "a b " * 500, ""])
    _, offsets = hash_ngrams(texts.slice(1), 2)
    assert offsets.tolist() == [0, 999, 999]
    hits = index_of(texts.slice(1).to_pylist(), [2]).find(texts.slice(1))
    assert (hits.texts.tolist(), hits.positions.tolist()) == ([0] * 999, list(range(999)))


def test_sizes_of_scripts_without_spaces_are_looked_for_where_there_is_one() -> None:
    known = ["“a b c”", "长江是河", "ข้าว a b c"]
    for size in (2, 3):
        every, unspaced = (index_of(known, [size], chosen).find(array(known)) for chosen in (frozenset(), {size}))
        assert [text for text in every.texts.tolist() if text] == unspaced.texts.tolist()


def test_a_gram_has_a_word() -> None:
    with pytest.raises(ValueError, match="gram of 0 words"):
        hash_ngrams(array(["a"]), 0)


def test_without_grams_nothing_is_found() -> None:
    assert not len(index_of([""], [2]).find(array(["a b c"])).texts)

"""Shingles: what one compiled pass makes of a text is what Python's own words and sets say."""

from __future__ import annotations

import re
import time
from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from corpus.duplicates.shingles import compute_shingle_sets, compute_shingles, count_common, jaccard_similarity
from corpus.text.normal_form import WORD

# `corpus.text.normal_form.words`, but for "_", which is a letter.
WORDS = re.compile(WORD.pattern.replace(r"[^\W_", r"[^\W"))
CHARACTERS = "aAbBİıßẞéÉσςΣЯя_9²٣ \n\t.,;-'’\u0301\u200d\u0941हिकमไทย水火河かナー𠮷🎉…\u00ad"
TEXTS = st.text(st.sampled_from(CHARACTERS), max_size=60)


def words(text: str) -> list[str]:
    return WORDS.findall(text.lower().replace("ς", "σ"))


def runs(tokens: Sequence[str], text: str, size: int) -> set[tuple[str, ...]]:
    """Shingles without any hashing."""
    if not tokens:
        return {("no words", re.sub("[\0- ]", "", text))}
    return {tuple(tokens[place : place + size]) for place in range(max(1, len(tokens) - size + 1))}


def sets(texts: Sequence[str], size: int = 5) -> list[np.ndarray]:
    found = compute_shingle_sets(pa.array(texts, pa.large_string()), size)
    return [found[number] for number in range(len(found))]


def digests(texts: Sequence[str]) -> list[tuple[int, ...]]:
    return [tuple(row) for row in compute_shingles(pa.array(texts, pa.string()), 5)[1].tolist()]


def same_as_python(texts: Sequence[str], wanted: Sequence[set[tuple[str, ...]]], size: int) -> None:
    found = sets(texts, size)
    assert [len(one) for one in found] == [len(one) for one in wanted]
    for left, a in zip(found, wanted, strict=True):
        for right, b in zip(found, wanted, strict=True):
            assert count_common(left, right) == len(a & b)
            assert jaccard_similarity(left, right) == len(a & b) / len(a | b)


@settings(max_examples=300, deadline=None)
@given(st.lists(TEXTS, min_size=1, max_size=4), st.integers(1, 6))
@example(["İstanbul", "i̇stanbul", "istanbul"], 1)
@example(["ὈΔΥΣΣΕΎΣ", "ὀδυσσεύς", "ὀδυσσεύσ"], 1)
@example(["हिन्दी में लिखा", "हन द म लख"], 2)
@example(["河水流进大海里 abc河水", "河水流进大海里abc 河水"], 5)
@example(["snake_case", "snake case", "snake-case"], 2)
@example(["🎉 🎉", "🎉\n🎉", "🎉", "🚀", "", " ", "…"], 5)
def test_sets_are_those_of_runs_of_words(texts: list[str], size: int) -> None:
    same_as_python(texts, [runs(words(text), text, size) for text in texts], size)


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.text(st.sampled_from("aBcÉßЯяΩω_9² .,'-\n"), max_size=80), min_size=1, max_size=4), st.integers(1, 6)
)
def test_with_spaces_and_without_marks_words_are_those_of_the_plainest_expression(texts: list[str], size: int) -> None:
    same_as_python(texts, [runs(re.findall(r"\w+", text.lower()), text, size) for text in texts], size)


@settings(max_examples=300, deadline=None)
@given(st.lists(TEXTS, min_size=2, max_size=6))
@example(["a b", "A\u00a0B!", "b a", "a b b", "ab"])
@example(["水火", "水 火", "火水", "水", "𠮷", "𠮷水"])
@example(["", " \n", "🎉", "🎉🎉", "🎉 🎉"])
def test_digests_are_equal_just_for_the_same_words_in_the_same_order(texts: list[str]) -> None:
    keys = [words(text) or re.sub("[\0- ]", "", text) for text in texts]
    found = digests(texts)
    for left, a in zip(keys, found, strict=True):
        for right, b in zip(keys, found, strict=True):
            assert (a == b) == (left == right)


def test_two_words_in_the_order_of_thue_and_morse_and_in_its_opposite() -> None:
    """For such texts any sum of words times powers is equal, modulo 2^64."""
    order = [number.bit_count() % 2 for number in range(2_048)]
    left, right = digests([" ".join(names[bit] for bit in order) for names in ("ab", "ba")])
    assert left != right


def test_a_digest_has_128_bits_that_all_matter() -> None:
    """Each half alone tells 200,000 texts apart, and each bit is set in half of them."""
    texts = [f"a{number} b{number % 7}" for number in range(100_000)] + [f"b{n % 7} a{n}" for n in range(100_000)]
    _, found = compute_shingles(pa.array(texts), 5)
    for half in np.ascontiguousarray(found.T):
        assert len(np.unique(half)) == len(texts)
        bits = np.unpackbits(half.view(np.uint8).reshape(-1, 8), axis=1).mean(axis=0)
        assert (np.abs(bits - 0.5) < 0.01).all()


@pytest.mark.parametrize(
    ("left", "right", "wanted"),
    [
        ("a b c d e f", "a b c d e g", 1 / 3),
        ("The river, the sea!", "the RIVER the sea", 1),
        ("河水流进大海里", "河水流进大海去", 2 / 4),
        ("two words", "two words", 1),
        ("two words", "two other", 0),
        ("two words", "words two", 0),
        ("two words", "two words of five or more", 0),
        ("水", "火", 0),
        ("🎉 🎉", "🚀", 0),
        ("🎉 🎉", "🎉\n🎉", 1),
        ("", "", 1),
        ("", "…", 0),
    ],
)
def test_shorter_than_a_shingle_and_chinese_without_spaces(left: str, right: str, wanted: float) -> None:
    assert jaccard_similarity(*sets([left, right])) == wanted


def test_shingles_are_in_order_and_repeat_where_the_text_does() -> None:
    found, _ = compute_shingles(pa.array(["a b a b a", "c"]), 2)
    assert found[0].tolist() == [*found[0][:2].tolist()] * 2
    assert (len(found), len(found[0]), len(found[1])) == (2, 4, 1)
    distinct = sets(["a b a b a"], 2)[0]
    assert len(distinct) == 2 and distinct[0] < distinct[1]


def test_slices_and_chunks_of_an_array_are_as_the_array() -> None:
    texts = pa.array(["left out", "Die Häuser am Fluß, alle", "", "水火", "left out"], pa.large_string())
    wanted = [one.tolist() for one in sets(texts.slice(1, 3).to_pylist(), 2)]
    chunked = pa.chunked_array([texts.slice(1, 2), texts.slice(3, 1)])
    for array in (texts.slice(1, 3), chunked, chunked.cast(pa.string())):
        found = compute_shingle_sets(array, 2)
        assert [found[number].tolist() for number in range(3)] == wanted
    assert len(compute_shingle_sets(texts.slice(0, 0), 2)) == 0


def test_null_texts_and_shingles_of_no_word_are_refused() -> None:
    with pytest.raises(ValueError, match="1 of 2 texts are null"):
        compute_shingles(pa.array(["a", None]), 5)
    with pytest.raises(ValueError, match="a shingle of 0 words"):
        compute_shingles(pa.array(["a"]), 0)


@pytest.mark.parametrize("repeated", ["a", "a ", "水", "🎉", "a\u0301"])
def test_long_and_unspaced_runs_take_linear_time(repeated: str) -> None:
    sets([repeated])  # compiled before the clock runs
    start = time.monotonic()
    sets([repeated * 1_000_000])
    assert time.monotonic() - start < 2


def test_shingles_are_the_same_on_every_machine() -> None:
    """Golden values: signatures lie in the lake, and those of a later crawl are compared with them."""
    found, digest = compute_shingles(pa.array(["The river\n runs to the SEA, always", "河水流进大海", "🎉", ""]), 5)
    assert [f"{value:016x}" for value in found.values] == GOLDEN_SHINGLES
    assert [f"{one:016x}{other:016x}" for one, other in digest.tolist()] == GOLDEN_DIGESTS


GOLDEN_SHINGLES = [
    *("7c5f1a5eaf424e5f", "a4de563868e28e8a", "fcff371bd27a1790", "e3faa40de17ef7fb", "f4e18fcd34f317e4"),
    *("173fabacd60a889b", "9d8c8030c4d62ae4"),
]
GOLDEN_DIGESTS = [
    *("d106a3a438b0e98920b71c827fe7a765", "868db31ebba04a9eafb72eeb8a7a6076"),
    *("a790187d444c99268efb9d0276c52d33", "f01275c8c569ac232166fb311bcfbe87"),
]

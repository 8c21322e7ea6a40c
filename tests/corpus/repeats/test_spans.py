"""Repeated spans are those that a look at all pairs of places finds, in time that grows with the words alone."""

from __future__ import annotations

import random
import time

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corpus.repeats.spans import SpanConfig, Spans, find_repeated_spans, number_words, word_positions
from corpus.text.normal_form import words
from corpus.text.words import find_words

ODD = "aZé_1９ß\u0130İıΣσςǅ水あร์ที่हिन्दी\u0e31\u200d\u200c\u0301\u093f…. #\n\t\u3000\u2028\x1c\U00020000\U0001f600𝔘ﷺ"
TEXTS = st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=120) | st.text(alphabet=ODD, max_size=60)


def found_in(documents: list[list[int]], config: SpanConfig, ranks: list[int] | None = None) -> Spans:
    ids = np.array([word for document in documents for word in document], np.uint32)
    offsets = np.cumsum([0, *map(len, documents)])
    return find_repeated_spans(ids, offsets, np.array(ranks or range(len(documents))), config)


def plain_spans(documents: list[list[int]], size: int, least: int, ranks: list[int]) -> dict[tuple[int, int], int]:
    """(document, word) of all that is to go -> how many documents hold the windows there, at least."""
    windows: dict[tuple[int, ...], list[tuple[int, int]]] = {}
    for number, document in enumerate(documents):
        for start in range(len(document) - size + 1):
            windows.setdefault(tuple(document[start : start + size]), []).append((number, start))
    gone: dict[tuple[int, int], int] = {}
    for places in windows.values():
        holders = {number for number, _ in places}
        keeper = min(holders, key=lambda number: ranks[number])
        for number, start in places:
            if len(holders) >= least and number != keeper:
                for word in range(start, start + size):
                    gone[number, word] = min(gone.get((number, word), len(holders)), len(holders))
    return gone


@settings(max_examples=400, deadline=None)
@given(
    st.lists(st.lists(st.integers(0, 2), max_size=14), max_size=6), st.integers(1, 4), st.integers(2, 3), st.randoms()
)
def test_spans_are_those_of_the_plain_function(
    documents: list[list[int]], size: int, least: int, shuffle: random.Random
) -> None:
    ranks = list(range(len(documents)))
    shuffle.shuffle(ranks)
    wanted = plain_spans(documents, size, least, ranks)
    spans = found_in(documents, SpanConfig(words=size, documents=least), ranks)
    rows = list(zip(spans.documents, spans.starts, spans.stops, spans.keepers, spans.holders, strict=True))
    gone = [(int(number), word) for number, start, stop, _, _ in rows for word in range(start, stop)]
    assert gone == sorted(wanted)  # none twice, and in order
    for number, start, stop, keeper, holders in rows:
        assert ranks[keeper] < ranks[number]
        assert holders >= min(wanted[int(number), word] for word in range(start, stop))
        # Each of these words lies in a window that the keeper holds.
        kept = {tuple(documents[keeper][place : place + size]) for place in range(len(documents[keeper]))}
        windows = range(len(documents[number]) - size + 1)
        held = [place for place in windows if tuple(documents[number][place : place + size]) in kept]
        assert set(range(start, stop)) <= {place + word for place in held for word in range(size)}


def test_every_word_that_goes_stays_in_a_document_before() -> None:
    """A keeper may lose a part of a passage to an earlier document: what it loses is there."""
    numbers = random.Random(5)
    source = [numbers.randrange(10**6) for _ in range(400)]
    documents = []
    for _ in range(40):
        start = numbers.randrange(300)
        documents.append([numbers.randrange(10**6) for _ in range(20)] + source[start : start + numbers.randrange(100)])
    spans = found_in(documents, SpanConfig(words=10))
    gone = {
        (int(number), word)
        for number, start, stop in zip(spans.documents, spans.starts, spans.stops, strict=True)
        for word in range(start, stop)
    }
    every = {(number, place): word for number, words in enumerate(documents) for place, word in enumerate(words)}
    left = {word for place, word in every.items() if place not in gone}
    assert len(gone) > 500 and left == set(every.values())


def test_sixty_words_go_and_forty_nine_stay() -> None:
    numbers = iter(range(10**6))
    long, short = ([next(numbers) for _ in range(size)] for size in (60, 49))
    own = [[next(numbers) for _ in range(30)] for _ in range(6)]
    documents = [own[0] + long + own[1], own[2] + short + own[3], own[4] + long + own[5] + short]
    spans = found_in(documents, SpanConfig())
    assert [column.tolist() for column in vars(spans).values()] == [[2], [30], [90], [0], [2]]


def test_what_repeats_within_one_document_stays() -> None:
    assert len(found_in([[1, 2, 3] * 100, [4, 5] * 100], SpanConfig()).starts) == 0


@pytest.mark.parametrize("case", ["copies", "one word", "two documents of one word", "fibonacci"])
def test_hard_cases_take_no_square(case: str) -> None:
    """About 600,000 words each; with all pairs of copies this would take hours."""
    numbers = random.Random(1)
    fibonacci = [[1], [1, 2]]
    while len(fibonacci[-1]) < 300_000:
        fibonacci.append(fibonacci[-1] + fibonacci[-2])
    text = [numbers.randrange(1000) for _ in range(60)]
    documents = {
        "copies": [text] * 10_000,
        "one word": [[7] * 60] * 10_000,
        "two documents of one word": [[7] * 300_000, [7] * 300_000],
        "fibonacci": [fibonacci[-1], fibonacci[-1]],
    }[case]
    found_in(documents[:2], SpanConfig())  # compiled
    started = time.process_time()
    spans = found_in(documents, SpanConfig())
    assert time.process_time() - started < 5
    assert (spans.stops - spans.starts).sum() == sum(map(len, documents[1:]))
    assert set(spans.keepers) == {0}


@settings(max_examples=400, deadline=None)
@given(st.lists(TEXTS, max_size=4))
def test_words_stand_where_they_are_found(texts: list[str]) -> None:
    starts, stops, offsets = word_positions(pa.array(texts, pa.large_string()))
    assert np.diff(offsets).tolist() == [len(words(text)) for text in texts]
    for number, text in enumerate(texts):
        places = range(offsets[number], offsets[number + 1])
        assert [words(text[starts[place] : stops[place]]) for place in places] == [[word] for word in words(text)]


def test_equal_words_have_equal_numbers() -> None:
    batches = [find_words(pa.array([text])).hashes for text in ("A rose is", "a ROSE. 玫瑰")]
    assert number_words(batches).tolist() == [0, 1, 2, 0, 1, 3, 4]
    assert number_words([]).tolist() == []


@pytest.mark.parametrize("wrong", [{"words": 0}, {"documents": 1}])
def test_what_makes_no_sense_is_refused(wrong: dict) -> None:
    with pytest.raises(ValueError, match=f"{next(iter(wrong))} {next(iter(wrong.values()))}"):
        SpanConfig(**wrong)

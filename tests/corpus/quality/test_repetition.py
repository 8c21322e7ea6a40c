"""Repetition: every share against a plain count, on any text; and in linear time where all of it repeats."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from patience import cpu_seconds

from corpus.quality.measures import REPETITION
from corpus.quality.repetition import measure_repetition
from corpus.text.normal_form import words
from corpus.text.words import find_words


def measured(*texts: str) -> list[dict[str, float]]:
    rows = measure_repetition(find_words(pa.array(texts, pa.large_string())))
    return [dict(zip(REPETITION, row.tolist(), strict=True)) for row in rows]


def stood_before(items: Sequence[str], sizes: Sequence[int]) -> tuple[float, float]:
    """(share of the items, share of their sizes) that stood before."""
    again = [place for place, item in enumerate(items) if item in items[:place]]
    if not items:
        return 0.0, 0.0
    return len(again) / len(items), sum(sizes[place] for place in again) / sum(sizes)


def reference(text: str) -> dict[str, float]:
    """Slow and obvious."""
    paragraphs: list[list[str]] = [[]]
    for line in text.split("\n"):
        if line.strip():
            paragraphs[-1].append(line.strip())
        elif paragraphs[-1]:
            paragraphs.append([])
    paragraphs = [paragraph for paragraph in paragraphs if paragraph]
    lines = [line for paragraph in paragraphs for line in paragraph]
    found = {}
    found["duplicate_lines"], found["duplicate_line_characters"] = stood_before(lines, [len(line) for line in lines])
    joined = ["\n".join(paragraph) for paragraph in paragraphs]
    sizes = [sum(map(len, paragraph)) for paragraph in paragraphs]
    found["duplicate_paragraphs"], found["duplicate_paragraph_characters"] = stood_before(joined, sizes)
    tokens = words(text)
    characters = sum(map(len, tokens))
    for size in (2, 3, 4):
        grams = Counter(tuple(tokens[place : place + size]) for place in range(len(tokens) - size + 1))
        most = max(grams.values(), default=0)
        longest = max((sum(map(len, gram)) for gram, times in grams.items() if times == most), default=0)
        found[f"top_{size}gram"] = min(1.0, most * longest / characters) if most > 1 else 0.0
    for size in (5, 6, 7, 8, 9, 10):
        seen, covered = set(), set()
        for place in range(len(tokens) - size + 1):
            gram = tuple(tokens[place : place + size])
            if gram in seen:
                covered.update(range(place, place + size))
            seen.add(gram)
        share = sum(len(tokens[place]) for place in covered) / max(1, characters)
        found[f"duplicate_{size}grams"] = share
    return found


PIECES = st.sampled_from(
    ["the cat sat ", "a ", "b", " ", "\n", "\n\n", "水", "水火木金土", "Ab. ", "on and on and on ", "é"]
)


@settings(max_examples=300, deadline=None)
@given(st.lists(st.lists(PIECES, max_size=60).map("".join), min_size=1, max_size=4))
def test_as_a_plain_count_has_it(texts: list[str]) -> None:
    for text, found in zip(texts, measured(*texts), strict=True):
        assert found == pytest.approx(reference(text))


@settings(max_examples=100, deadline=None)
@given(st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=200))
def test_any_text(text: str) -> None:
    [found] = measured(text)
    assert found == pytest.approx(reference(text))
    assert all(0 <= share <= 1 for share in found.values())


def test_by_hand() -> None:
    [lines, paragraphs, grams, _] = measured("aaaa\nbb\naaaa\nbb", "a\nb\n\na\nb", "so it goes " * 4, "")
    assert (lines["duplicate_lines"], lines["duplicate_line_characters"]) == (0.5, 0.5)
    assert lines["duplicate_paragraphs"] == 0
    assert (paragraphs["duplicate_paragraphs"], paragraphs["duplicate_paragraph_characters"]) == (0.5, 0.5)
    assert grams["top_3gram"] == 1, "so it goes, four times"
    assert grams["top_2gram"] == pytest.approx(24 / 32), "it goes, four times"
    assert grams["duplicate_5grams"] == pytest.approx(24 / 32), "all but the first time"


def test_a_text_has_its_measures_whatever_stands_beside_it() -> None:
    texts = ["so it goes " * 40, "", "once only", "水" * 50, "a b " * 1_000]
    assert measured(*texts) == [found for text in texts for found in measured(text)]
    assert measured(*texts[::-1]) == measured(*texts)[::-1]


@pytest.mark.parametrize("run", ["a ", "水", "a\n", "a b c d e f g h i j k\n\n", "\n"])
def test_a_megabyte_that_repeats(run: str) -> None:
    measured("a a")  # compiled and loaded
    text = run * (1_000_000 // len(run.encode()))
    assert cpu_seconds(lambda: measured(text), 2) <= 2


def test_a_megabyte_of_different_words() -> None:
    text = " ".join(np.base_repr(number, 36) for number in range(200_000))
    assert cpu_seconds(lambda: measured(text), 2) <= 2
    [found] = measured(text)
    assert not any(found.values())

"""Quality: what is measured of a text, against counts made by hand."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corpus.quality import NAMES, Measures, measure
from corpus.text import words


def measured(text: str, name: str) -> float:
    return float(getattr(measure(text), name))


@pytest.mark.parametrize(
    ("name", "text", "wanted"),
    [
        ("words", "The rain, it falls.", 4),
        ("words", "雨下了。", 3),
        ("characters", "ab\nc", 4),
        ("mean_word_length", "a bb ccc", 2),
        ("mean_word_length", "हिन्दी भाषा", 5),
        ("symbols_per_word", "one #two #three four", 0.5),
        ("symbols_per_word", "wait... and... and then… go on", 0.5),
        ("symbols_per_word", "# a b... c… d", 0.5),
        ("bullet_lines", "• one\n- two\nthree\n\n* four", 0.75),
        ("bullet_lines", "no bullets - here", 0),
        ("ellipsis_lines", "read on...\nmore…  \nend.\nfin", 0.5),
        ("alphabetic_words", "one 2 3 four", 0.5),
        ("alphabetic_words", "3rd 4th 55", 2 / 3),
        ("alphabetic_words", "ที่นี่ ที่นี่", 1),
        ("stop_words", "The people that have to be with us", 6),
        ("stop_words", "the the the", 1),
        ("unspaced", "水abc", 0.25),
        ("unspaced", "水火木", 1),
        ("unspaced", "abc", 0),
        ("duplicate_lines", "aaaa\nbb\naaaa\nbb", 0.5),
        ("duplicate_lines", "a\n\n\nb\n", 0),
        ("replacement_characters", "a\ufffdbc", 0.25),
    ],
)
def test_measures_by_hand(name: str, text: str, wanted: float) -> None:
    assert measured(text, name) == pytest.approx(wanted)


def test_an_empty_text_measures_zero() -> None:
    assert all(measured("", name) == 0 for name in NAMES)
    assert measured("🎉 …", "words") == 0


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=200) | st.text(alphabet="水雨 ที่ह्अबa1_#.…•-\n\ufffd", max_size=80))
def test_any_text_is_measured_within_bounds(text: str) -> None:
    found = measure(text)
    assert isinstance(found, Measures)
    assert found.words == len(words(text))
    for name in ("bullet_lines", "ellipsis_lines", "alphabetic_words", "duplicate_lines", "replacement_characters"):
        assert 0 <= getattr(found, name) <= 1, name
    assert found.mean_word_length <= max(1, len(text.lower()))

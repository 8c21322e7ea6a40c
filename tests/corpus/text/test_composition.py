"""Composition: texts come out as Python's own normalisation has them, and those that are composed are not touched."""

from __future__ import annotations

import sys
import unicodedata

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corpus.text.composition import compose_texts

MARKS = "\u0301\u0300\u0323\u0308\u3099\u1161\u11a8\u093c\u0bd7\U000110ba\U00011930"
BASES = "aeéñ カ가ᄀक\u0958Åﬁ豈\U0002f800\U00011099"


@settings(max_examples=300, deadline=None)
@given(st.lists(st.text(st.sampled_from(MARKS + BASES) | st.characters(exclude_categories=["Cs"]), max_size=25)))
def test_every_text_is_composed(texts: list[str]) -> None:
    array = pa.array(texts, pa.large_string())
    assert compose_texts(array).to_pylist() == [unicodedata.normalize("NFC", text) for text in texts]
    assert compose_texts(array[1:]).to_pylist() == compose_texts(array).to_pylist()[1:]


def test_every_character_is_composed_alone_and_behind_a_letter() -> None:
    texts = [f"{a}{chr(code)}" for code in range(sys.maxunicode + 1) if not 0xD800 <= code < 0xE000 for a in ("", "a")]
    assert compose_texts(pa.array(texts, pa.large_string())).to_pylist() == [
        unicodedata.normalize("NFC", text) for text in texts
    ]


@pytest.mark.parametrize("text", ["", "The ferry", "Le café’s", "水往低处流", "река", "नमस्ते"])
def test_what_is_composed_is_handed_back_as_it_is(text: str) -> None:
    array = pa.array([text] * 3, pa.large_string())
    assert compose_texts(array) is array

"""Text: one form for all text, and words in every script."""

from __future__ import annotations

import sys
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corpus.text.normal_form import INVISIBLE, normalise, words

ODD = "\0\t\n\r \u00a0\u0085\u00ad\u0301\u0308\u200b\u200d\u200e\u2028\u202e\u3000\ufeff\ud800e\u1100\u1161\u11a8a水"


@settings(max_examples=200, deadline=None)
@given(st.text() | st.text(alphabet=ODD, max_size=30))
def test_normalising_is_idempotent_and_leaves_nothing_invisible(text: str) -> None:
    once = normalise(text)
    assert normalise(once) == once
    assert not INVISIBLE.search(once)
    assert unicodedata.is_normalized("NFC", once)
    assert "\n\n\n" not in once and not once.startswith("\n") and not once.endswith("\n")
    once.encode()


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("a\r\nb\rc\u2028d\u0085e", "a\nb\nc\nd\ne"),
        ("a \t\u3000\nb  ", "a\nb"),
        ("a\n\n \n\n\nb", "a\n\nb"),
        ("  indented\n    code", "  indented\n    code"),
        ("cafe\u0301", "café"),
        ("\u0958" + "\u0301" * 40, "\u0915\u093c" + "\u0301" * 29),
        ("\ufeffpay\u200bpal\u202e.com\0", "paypal.com"),
        ("\ud83dhalf a pair", "half a pair"),
        ("می\u200cخواهم", "می\u200cخواهم"),
        ("👨\u200d👩\u200d👧", "👨\u200d👩\u200d👧"),
    ],
)
def test_one_form(text: str, wanted: str) -> None:
    assert normalise(text) == wanted


@pytest.mark.parametrize(
    "run", [" ", "\n", "\r", "\u00a0", " \n", "\n ", "a ", "\u0301", "\u0301\u0316", "\0", "\u200b"]
)
def test_a_megabyte_of_one_thing_is_normalised(run: str) -> None:
    """Twice as long takes twice as long; what took the square of its length would not end within a test run."""
    text = "a" + run * (1_000_000 // len(run)) + "b"
    once = normalise(text)
    assert once[0] in "aá" and once[-1] == "b"
    assert 1 <= len(words(once)) <= 500_001


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("The River's bed, 3.5 km!", ["the", "river", "s", "bed", "3", "5", "km"]),
        ("snake_case", ["snake", "case"]),
        ("ÜBER die Straße", ["über", "die", "straße"]),
        ("Река течёт", ["река", "течёт"]),
        ("水往低处流。", ["水", "往", "低", "处", "流"]),
        ("Java语言2024年", ["java", "语", "言", "2024", "年"]),
        ("カメラで撮る", ["カ", "メ", "ラ", "で", "撮", "る"]),
        ("강이 흐른다", ["강이", "흐른다"]),
        ("हिन्दी भाषा", ["हिन्दी", "भाषा"]),
        ("தமிழ் மொழி", ["தமிழ்", "மொழி"]),
        ("ที่นี่", ["ที่", "นี่"]),
        ("می\u200cخواهم", ["می\u200cخواهم"]),
        ("🎉 … —", []),
        ("", []),
    ],
)
def test_words(text: str, wanted: list[str]) -> None:
    assert words(text) == wanted


def test_every_letter_is_in_a_word() -> None:
    letters = [c for c in map(chr, range(sys.maxunicode + 1)) if c.isalpha() and len(c.lower()) == 1]
    assert len(words(" ".join(letters))) == len(letters)

"""Differences: what is marked is what differs, wherever it is, and the rest is cut."""

from __future__ import annotations

import time

import pytest

from corpus.text.differences import AROUND, COMPARED, SHOWN, Piece, compare_texts

LONG = [f"word{number}" for number in range(400)]


def marked(pieces: list[Piece]) -> list[tuple[str, str]]:
    return [(piece.left.strip(), piece.right.strip()) for piece in pieces if not piece.same]


def test_a_word_among_many() -> None:
    changed = [*LONG[:200], "other", *LONG[201:]]
    pieces = compare_texts(" ".join(LONG), " ".join(changed))
    assert marked(pieces) == [("word200", "other")]
    before, _, after = pieces
    assert before.left == before.right and after.left == after.right
    assert before.left.startswith("word0 word1 ") and before.left.endswith(" word198 word199 ")
    assert after.left.startswith("word201 ") and after.left.endswith(" word399")
    assert "… " in before.left and "word100 " not in before.left


def test_chinese_by_character() -> None:
    pieces = compare_texts("我们今天去北京的天安门广场看升旗", "我们明天去北京的天安门广场看升旗了")
    assert marked(pieces) == [("今", "明"), ("", "了")]


def test_white_space_is_no_difference() -> None:
    assert marked(compare_texts("One line.\n\nAnother  line.", "One line. Another line.\n")) == []


def test_a_paragraph_that_only_one_has() -> None:
    more = " ".join(f"more{number}" for number in range(350))
    text = " ".join(LONG)
    [(left, right)] = marked(compare_texts(f"{text} {more} End.", f"{text} End."))
    assert left.startswith("more0 ") and left.endswith("more349") and "… " in left and right == ""


@pytest.mark.parametrize("text", ["", "a", "…", "\U0001f600"])
def test_short_texts(text: str) -> None:
    assert marked(compare_texts(text, text)) == []
    assert "".join(piece.right for piece in compare_texts("", text)) == text


def test_what_is_shown_and_the_time_are_bounded() -> None:
    """Of words that come again and again, difflib compares each with each."""
    few = [" ".join(f"w{(number * factor) % 61}" for number in range(100_000)) for factor in (7, 11)]
    start = time.process_time()
    for left, right in (few, ["a " * 10**6, "b " * 10**6], [" ".join(LONG[::-1]), " ".join(LONG)]):
        pieces = compare_texts(left, right)
        for side in ("left", "right"):
            shown = "".join(getattr(piece, side) for piece in pieces)
            assert len(shown.split()) <= SHOWN + 2 * AROUND + 5
    assert time.process_time() - start < 5


def test_what_was_not_compared_is_not_shown_as_a_difference() -> None:
    left = [f"left{number}" for number in range(2 * COMPARED)]
    [(found, other)] = marked(compare_texts(" ".join(left), "nothing of it"))
    assert found.startswith("left0 ") and found.endswith(f"left{COMPARED - 1}  …") and other == "nothing of it"

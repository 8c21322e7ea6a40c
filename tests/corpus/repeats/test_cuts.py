"""What is left of a text is the text without its cuts, and looks as if they had never been there."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corpus.repeats.cuts import REPEATED_LINE, REPEATED_SPAN, Cut, apply_cuts, include_closing_marks
from corpus.text.normal_form import normalise


def a_cut(start: int, stop: int, kind: str = REPEATED_LINE) -> Cut:
    return Cut(start=start, stop=stop, kind=kind, keeper=b"k" * 16, documents=7)


def without(text: str, *passages: str) -> str:
    """The text when each passage was found in it."""
    found = [a_cut(text.index(passage), text.index(passage) + len(passage)) for passage in passages]
    return apply_cuts(text, found)[0]


@pytest.mark.parametrize(
    ("text", "passages", "left"),
    [
        ("one\nGO\ntwo", ["GO"], "one\ntwo"),
        ("one\n\nGO\n\ntwo", ["GO"], "one\n\ntwo"),
        ("one\n\nGO\ntwo", ["GO"], "one\n\ntwo"),
        ("one\nGO\n\ntwo", ["GO"], "one\n\ntwo"),
        ("one\n\nGO\n\nAWAY\n\ntwo", ["GO", "AWAY"], "one\n\ntwo"),
        ("GO\n\none", ["GO"], "one"),
        ("one\n\nGO", ["GO"], "one"),
        ("GO", ["GO"], ""),
        ("def f():\n    GO\n    return 1", ["GO"], "def f():\n    return 1"),
        ("GO\n    return 1", ["GO"], "    return 1"),
        ("one GO two", ["GO"], "one two"),
        ("one (GO) two", ["GO"], "one () two"),
        ("one GO\ntwo", ["GO"], "one\ntwo"),
        ("one\n  GO two", ["GO"], "one\n  two"),
        ("今天。GO明天", ["GO"], "今天。明天"),
    ],
)
def test_no_gap_is_left(text: str, passages: list[str], left: str) -> None:
    assert without(text, *passages) == left


@settings(max_examples=500, deadline=None)
@given(st.data())
def test_the_text_minus_its_cuts_is_what_is_left(data: st.DataObject) -> None:
    text = normalise(data.draw(st.text(alphabet="ab \n\n。水", max_size=60)))
    place = st.integers(0, len(text))
    pairs = data.draw(st.lists(st.tuples(place, place), max_size=6))
    found = [a_cut(min(pair), max(pair), REPEATED_SPAN if n % 2 else REPEATED_LINE) for n, pair in enumerate(pairs)]
    left, made = apply_cuts(text, found)
    gone = {place for one in made for place in range(one.start, one.stop)}
    assert left == "".join(character for place, character in enumerate(text) if place not in gone)
    assert sum(one.stop - one.start for one in made) == len(gone)  # none overlap
    assert made == sorted(made, key=lambda one: one.start)
    # All that was found goes, and beyond that white space alone.
    wanted = {place for one in found for place in range(one.start, one.stop)}
    assert wanted <= gone
    assert not "".join(text[place] for place in gone - wanted).strip()
    if found and any(one.start < one.stop for one in found):
        assert "\n\n\n" not in left and not left.endswith("\n")


def test_an_overlap_is_counted_once() -> None:
    text = "one two three four five"
    left, made = apply_cuts(text, [a_cut(4, 13), a_cut(8, 18, REPEATED_SPAN)])
    assert left == "one five"
    assert [(one.start, one.stop, one.kind) for one in made] == [(4, 13, REPEATED_LINE), (13, 19, REPEATED_SPAN)]


def test_marks_that_close_a_span_go_with_it() -> None:
    for text, rest in (("said so.”) Then", " Then"), ("他说。」「不", "「不"), ("so (not", " (not"), ("so", "")):
        assert text[include_closing_marks(text, re.match(r"\w+( so)?", text).end()) :] == rest  # type: ignore[union-attr]

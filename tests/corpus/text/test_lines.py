from __future__ import annotations

import pytest

from corpus.text.lines import split_lines


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("", []),
        ("one", ["one"]),
        ("one\n", ["one"]),
        ("one\r\n\ntwo\rthree\n", ["one", "", "two", "three"]),
        ("a\u2028b\u2029c\x85d\x0be\x0cf\x1cg\x1dh\x1ei\nj", ["a\u2028b\u2029c\x85d\x0be\x0cf\x1cg\x1dh\x1ei", "j"]),
    ],
)
def test_lines_end_at_line_feeds_and_carriage_returns_alone(text: str, lines: list[str]) -> None:
    assert split_lines(text) == lines

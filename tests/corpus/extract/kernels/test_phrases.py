"""Phrases: what says of a line that it stands around a text, and what only looks so."""

from __future__ import annotations

import numpy as np
import pytest

from corpus.extract.kernels.phrases import IS_FRAME, IS_TAIL, holds_phrase, match_beginning, phrase_tables
from corpus.text.codepoints import code_point_table

FRAME, TAIL = IS_FRAME, IS_FRAME | IS_TAIL


def points(line: str) -> np.ndarray:
    return np.frombuffer(line.encode("utf-32-le"), np.uint32)


@pytest.mark.parametrize(
    ("line", "bits"),
    [
        *(("Share", FRAME), ("Share this article", TAIL), ("» Weiterlesen …", FRAME), ("Ähnliche Beiträge", TAIL)),
        *(("12 Comments", TAIL), ("12 commentators", 0), ("12 recommended dishes", 0), ("Leave a reply", TAIL)),
        *(("comments", TAIL), ("commenting", 0), ("Tags", FRAME), ("Tags: rain", TAIL), ("tagged", 0)),
        *(("By Ann", FRAME), ("by – and by", 0), ("Home", FRAME), ("Homes of birds", 0), ("References", TAIL)),
        *(("References to rain", 0), ("© 2020 Ann", FRAME), ("2020 © Ann", 0), ("© related", TAIL)),
        *(("相关新闻", TAIL), ("【分享】", FRAME), ("我分享", 0), ("", 0), ("12", 0), ("…", 0), ("Rain fell.", 0)),
    ],
)
def test_how_a_line_begins(line: str, bits: int) -> None:
    letters, begin, endings, _ = phrase_tables()
    assert match_beginning(points(line), 0, len(line), code_point_table(), letters, begin, endings) == bits


@pytest.mark.parametrize(
    ("line", "found"),
    [
        *(("All Rights Reserved.", True), ("we use COOKIES here", True), ("the privacy privacy policy", True)),
        *(("loglog in", True), ("未经授权不得转载", True), ("© 2020", True)),
        *(("privacy is a policy", False), ("log on", False), ("", False), ("\U00020000", False)),
    ],
)
def test_what_a_line_holds_phrase(line: str, found: bool) -> None:
    letters, _, _, inside = phrase_tables()
    assert holds_phrase(points(line), 0, len(line), letters, inside) == found

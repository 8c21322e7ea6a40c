"""Cuts: what is taken out of a text, and why; the text without it.

Nothing else changes but white space beside a cut: a line that goes takes its line end along, a paragraph its blank
line, so that no two blank lines meet and no line ends in spaces.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, replace

REPEATED_LINE, REPEATED_PARAGRAPH, REPEATED_SPAN = "repeated_line", "repeated_paragraph", "repeated_span"


@dataclass(frozen=True, kw_only=True)
class Cut:
    """Characters `start` to `stop` of a text. `keeper`: the document that has it first, `documents`: how many do."""

    start: int
    stop: int
    kind: str
    keeper: bytes
    documents: int


def apply_cuts(text: str, found: Sequence[Cut]) -> tuple[str, list[Cut]]:
    """The text without what was found in it, and the cuts that were made: in order, not overlapping, together all that
    is missing. Where two overlap, the one that begins first has what both hold, and the longer one of two that begin
    together."""
    groups: list[list[Cut]] = []
    end = 0
    for one in sorted(found, key=lambda one: (one.start, -one.stop, one.kind)):
        start = max(one.start, end)
        if start >= one.stop:
            continue
        if groups and not text[end:start].strip():
            groups[-1][-1] = replace(groups[-1][-1], stop=start)
        else:
            groups.append([])
        groups[-1].append(replace(one, start=start))
        end = one.stop
    made: list[Cut] = []
    for group in groups:
        start, stop = _with_spaces(text, group[0].start, group[-1].stop)
        group[0] = replace(group[0], start=start)
        group[-1] = replace(group[-1], stop=stop)
        made += group
    bounds = [0, *(bound for one in made for bound in (one.start, one.stop)), len(text)]
    return "".join(text[start:stop] for start, stop in zip(bounds[::2], bounds[1::2], strict=True)), made


def include_closing_marks(text: str, stop: int) -> int:
    """After the marks that close what ends here: full stops, closing brackets and quotation marks."""
    while stop < len(text) and unicodedata.category(text[stop]) in ("Po", "Pe", "Pf"):
        stop += 1
    return stop


def _with_spaces(text: str, start: int, stop: int) -> tuple[int, int]:
    """The bounds of a cut, moved over white space: of that on its two sides the wider stays, lines keep what they are
    indented by, and nothing is left at the text's ends."""
    left, right = start, stop
    while left > 0 and text[left - 1].isspace():
        left -= 1
    while right < len(text) and text[right].isspace():
        right += 1
    before, after = text[left:start], text[stop:right]
    next_line = stop + after.rfind("\n") + 1
    if right == len(text):
        return left, right
    if left == 0:
        return 0, next_line if "\n" in after else right
    if "\n" in after:
        if "\n" not in before or after.count("\n") > before.count("\n"):
            return left, stop
        return left + before.rfind("\n") + 1, next_line
    return (start, right) if before else (start, stop)

"""Written text: what the model wrote, cut where stretches of it begin and end that stand in its training tokens."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from corpus.privacy.mask import find_identifiers, placeholder


@dataclass(frozen=True, kw_only=True)
class Passage:
    """`spans`: the places, in the list of spans, of those that it is part of; none for what stands nowhere. `ends`:
    those of them that end with it."""

    text: str
    spans: tuple[int, ...]
    ends: tuple[int, ...]


def cut_text(text: str, spans: Sequence[Mapping[str, Any]]) -> list[Passage]:
    """The whole text in its order. `spans`: with "start" and "stop", they may overlap; blanks at their ends are left
    out. A report is passed around, so that a placeholder stands for personal data, whole also where a span ends
    within it."""
    hidden = {(found.start, found.stop): placeholder(found.kind) for found in find_identifiers(text)}
    bounds = [_without_blanks(text, span["start"], span["stop"]) for span in spans]
    edges = {0, len(text), *(edge for pair in bounds for edge in pair)}
    edges = {edge for edge in edges if not any(start < edge < stop for start, stop in hidden)}
    cuts = sorted(edges | {edge for pair in hidden for edge in pair})
    found = []
    for start, stop in pairwise(cuts):
        parts = [place for place, (first, last) in enumerate(bounds) if first < stop and start < last]
        ends = tuple(place for place in parts if bounds[place][1] <= stop)
        found.append(Passage(text=hidden.get((start, stop), text[start:stop]), spans=tuple(parts), ends=ends))
    return found


def _without_blanks(text: str, start: int, stop: int) -> tuple[int, int]:
    part = text[start:stop]
    return start + len(part) - len(part.lstrip()), start + len(part.rstrip())

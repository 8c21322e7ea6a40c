"""Cards: the datasets of a lake that have cards."""

from __future__ import annotations

from corpus.cards.writing import CARDS
from corpus.lake.manifest import Manifest
from corpus.lake.store import Lake


def find_described(lake: Lake, name: str | None) -> list[Manifest]:
    """Those of all stages that have cards, or the one named "stage/address", also by the beginning of its address.

    Raises ValueError, with what there is, where none is meant or several are."""
    known = [manifest for stage in CARDS for manifest in lake.datasets(stage)]
    stage, _, address = (name or "").partition("/")
    found = [one for one in known if one.stage == stage and one.address.startswith(address)] if name else known
    if not found or (name and len(found) > 1):
        there = ", ".join(f"{one.stage}/{one.address[:12]}" for one in (found or known)) or "none"
        what = f"{len(found) or 'no'} dataset{'s' if len(found) != 1 else ''} of the lake {lake.url}"
        raise ValueError(f"{name or 'card'} names {what}; those with cards: {there}")
    return found

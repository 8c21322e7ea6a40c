"""Common: of tasks whose items each side made of its own pages, the items that all have and were asked alike."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import pyarrow as pa

from training.significance.results import Results

Seeds = Mapping[str, Mapping[str, Results]]  # the name of each seed of a side -> task -> results

ALIKE = ("item_id", "doc_hash", "prompt_hash")
DATA = "the items that both sides have"


def keep_common(a: Seeds, b: Seeds, tasks: Collection[str]) -> tuple[Seeds, Seeds, dict[str, tuple[int, int]]]:
    """Both sides with those items alone of each of the tasks that all results have, where their data differ; and how
    many items each side had, at most. A task without one such item is left out of the results."""
    everyone = [*a.values(), *b.values()]
    kept: dict[str, set[tuple[Any, ...]]] = {}
    held: dict[str, tuple[int, int]] = {}
    for task in tasks:
        if not all(task in found for found in everyone):
            continue
        if len({str(found[task].score["inputs"].get("data")) for found in everyone}) == 1:
            continue
        kept[task] = set.intersection(*(set(_keys(found[task].items)) for found in everyone))
        most = [max(len(found[task].items) for found in side.values()) for side in (a, b)]
        held[task] = (most[0], most[1])
    return _only(a, kept), _only(b, kept), held


def _keys(items: pa.Table) -> list[tuple[Any, ...]]:
    return list(zip(*(items[name].to_pylist() for name in ALIKE), strict=True))


def _only(side: Seeds, kept: Mapping[str, set[tuple[Any, ...]]]) -> Seeds:
    return {
        name: {
            task: _filtered(one, kept[task]) if task in kept else one
            for task, one in found.items()
            if kept.get(task) != set()
        }
        for name, found in side.items()
    }


def _filtered(one: Results, keys: set[tuple[Any, ...]]) -> Results:
    """What is told of all of its items, such as ties, is not of these."""
    items = one.items.filter(pa.array([key in keys for key in _keys(one.items)]))
    score = {**one.score, "inputs": {**one.score["inputs"], "data": DATA}, "n": len(items), "ties": None}
    return Results(score, items)

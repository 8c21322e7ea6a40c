"""Alignment: what two sides, each of one or several seeds, got on the very same items."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from training.significance.clusters import number_clusters
from training.significance.intervals import check_items, is_share
from training.significance.results import Results

SAME = (("task",), ("version",), ("definition",), ("metric",), ("inputs", "data"))
SAME_ITEM = ("doc_hash", "prompt_hash", "cluster", "group")


@dataclass(frozen=True, kw_only=True)
class Side:
    """S seeds, n items, in order of item_id."""

    values: np.ndarray  # (S, n)
    weights: np.ndarray  # (S, n)


@dataclass(frozen=True, kw_only=True)
class Pairs:
    a: Side
    b: Side
    numbers: np.ndarray | None  # (n,), of each item's cluster; None where none share one
    groups: np.ndarray  # (n,), names

    @property
    def items(self) -> int:
        return len(self.groups)

    @property
    def clusters(self) -> int:
        return self.items if self.numbers is None else int(self.numbers.max()) + 1

    @property
    def share(self) -> bool:
        return all(is_share(side.values, side.weights) for side in (self.a, self.b))


def align(a: Mapping[str, Results], b: Mapping[str, Results]) -> Pairs:
    """Of two sides' results of one task, named as the user knows them.

    Raises ValueError, naming both, where they are not of the same task, definition, data, items and prompts.
    """
    everyone = {**a, **b}
    first, *others = everyone
    base = everyone[first].items.sort_by("item_id")
    if twice := len(base) - pc.count_distinct(base["item_id"]).as_py():
        raise ValueError(f"{first}: {twice} item ids come twice in the items of {everyone[first].task}")
    tables = {first: base}
    for name in others:
        _same_score(first, everyone[first], name, everyone[name])
        tables[name] = _same_items(everyone[name].task, first, base, name, everyone[name].items)
    return Pairs(
        a=_side({name: tables[name] for name in a}, everyone[first].task),
        b=_side({name: tables[name] for name in b}, everyone[first].task),
        numbers=number_clusters(base["cluster"].to_pylist(), len(base)),
        groups=np.asarray(base["group"].to_pylist()),
    )


def _side(tables: Mapping[str, pa.Table], task: str) -> Side:
    values, weights = (
        np.stack([table[column].to_numpy() for table in tables.values()]) for column in ("value", "weight")
    )
    for name, value, weight in zip(tables, values, weights, strict=True):
        try:
            check_items(value, weight)
        except ValueError as error:
            raise ValueError(f"{task} in {name}: {error}") from error
    return Side(values=values, weights=weights)


def _same_score(one: str, left: Results, other: str, right: Results) -> None:
    if ("joined" in left.score) != ("joined" in right.score):
        older = one if "joined" in right.score else other
        raise ValueError(
            f"{left.task}: {older} was scored before options that begin inside a token of the prompt were scored as "
            "lm-eval does; score that checkpoint again"
        )
    for path in SAME:
        found = []
        for name, result in ((one, left), (other, right)):
            value = result.score
            for key in path:
                if key not in value:
                    raise ValueError(f"{name}: score.json of {result.task} has no {key}; score the checkpoint again")
                value = value[key]
            found.append(value)
        if found[0] != found[1]:
            raise ValueError(
                f"{left.task}: {' '.join(path)} differs, {found[0]} in {one} and {found[1]} in {other}; "
                "score both checkpoints on the same"
            )


def _same_items(task: str, one: str, base: pa.Table, other: str, items: pa.Table) -> pa.Table:
    """The other's items in the order of the first's."""
    for here, there, where, without in ((base, items, one, other), (items, base, other, one)):
        missing = here.filter(pc.invert(pc.is_in(here["item_id"], value_set=there["item_id"])))
        if len(missing):
            raise ValueError(
                f"{task}: {len(missing)} of {len(here)} items of {where} are not in {without}, such as "
                f"{missing['item_id'][0].as_py()!r}; score both checkpoints on the same items"
            )
    if len(items) != len(base):
        raise ValueError(f"{task}: {len(base)} items in {one}, {len(items)} in {other}, where some come twice")
    found = items.sort_by("item_id")
    for name in SAME_ITEM:
        unlike = base.filter(pc.not_equal(base[name], found[name]))
        if len(unlike):
            raise ValueError(
                f"{task}: {name} of {len(unlike)} items differs between {one} and {other}, such as of item "
                f"{unlike['item_id'][0].as_py()!r}; they were not asked the same"
            )
    return found

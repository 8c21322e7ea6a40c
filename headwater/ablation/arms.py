"""Arms: the recipes of an ablation, a base and one that differs from it, each in several seeds.

They are recipes like others, files of the lake with names made of what they change, so that an arm that is added later
finds what is there: demo, demo.seed1 and demo.duplicate_lines.maximum-0.4, demo.duplicate_lines.maximum-0.4.seed1.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from corpus.config import nearest
from corpus.lake.manifest import canonical_json, sha256
from corpus.lake.store import Lake
from recipes.changes import change
from recipes.files import find_recipe, recipe_names, write_recipe
from recipes.named import Recipe
from recipes.values import NONE, join_settings, leaves, parse_setting, show

LONGEST = 80  # characters of a name, which is one of files
HOST = "host:"
# What --drop takes besides the names of rules.
STAGES: dict[str, dict[str, Any]] = {
    "deduplicate": {"duplicates": {"scope": "off"}},
    "trim": {"trim": NONE},
    "mask": {"clean": {"mask": []}},
}


@dataclass(frozen=True, kw_only=True)
class Arm:
    """`base` and `changes`: what its file says; None for the base itself."""

    name: str
    recipe: Recipe
    base: str | None = None
    changes: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Design:
    """`a`: the base, a seed each; `b`: the variant. `changes`: in what they differ."""

    a: tuple[Arm, ...]
    b: tuple[Arm, ...]
    changes: Mapping[str, Any]

    @property
    def arms(self) -> tuple[Arm, ...]:
        return (*self.a, *self.b)


def make_design(
    lake: Lake, base: str, settings: Sequence[str], drops: Sequence[str], without: Sequence[str], seeds: int
) -> Design:
    """`settings`: KEY=VALUE; `drops`: names of stages or rules; `without`: host:NAME. Raises ValueError for a change
    that cannot be or that changes nothing. Writes nothing."""
    recipe = find_recipe(lake, base).recipe
    changes = join_settings(
        [
            *map(parse_setting, settings),
            *(_drop(recipe, name) for name in drops),
            *([_exclude(recipe, without)] if without else []),
        ]
    )
    variant = change(recipe, changes)
    if variant == recipe:
        said = ", ".join(f"{name} = {show(value)}" for name, value in leaves(changes))
        raise ValueError(f"{base} has {said or 'no other settings'} already: nothing differs; give another --set")
    first = Arm(name=_variant_name(lake, base, changes), recipe=variant, base=base, changes=changes)
    return Design(a=_seeds(Arm(name=base, recipe=recipe, changes={}), seeds), b=_seeds(first, seeds), changes=changes)


def write_arms(lake: Lake, arms: Sequence[Arm]) -> None:
    """The files of those that are not there yet."""
    there = set(recipe_names(lake))
    for arm in arms:
        if arm.base is not None and arm.name not in there:
            write_recipe(lake, arm.name, arm.base, arm.changes)


def _drop(recipe: Recipe, name: str) -> dict[str, Any]:
    if name in STAGES:
        return STAGES[name]
    rules = [rule.name for rule in recipe.clean.rules]
    if name not in rules:
        known = [*STAGES, *rules]
        raise ValueError(f"--drop {name}: no stage or rule{nearest(name, known)}; give one of {', '.join(known)}")
    return {"clean": {"rules": {name: NONE}}}


def _exclude(recipe: Recipe, without: Sequence[str]) -> dict[str, Any]:
    for name in without:
        if not name.removeprefix(HOST) or not name.startswith(HOST):
            raise ValueError(f"--without {name}: write {HOST}NAME, such as {HOST}example.org")
    hosts = [*recipe.clean.excluded_hosts, *(name.removeprefix(HOST).lower() for name in without)]
    return {"clean": {"excluded_hosts": hosts}}


def _seeds(arm: Arm, count: int) -> tuple[Arm, ...]:
    """The arm itself, and others whose training begins with the numbers after its seed."""
    first = arm.recipe.training.settings().seed
    found = [arm]
    for seed in range(first + 1, first + count):
        changes = {"training": {"seed": seed}}
        recipe = change(arm.recipe, changes)
        found.append(Arm(name=f"{arm.name}.seed{seed}", recipe=recipe, base=arm.name, changes=changes))
    return tuple(found)


def _variant_name(lake: Lake, base: str, changes: Mapping[str, Any]) -> str:
    """Of the last two parts of each setting's name. A long name, or one that other changes have, ends in a digest."""
    parts = [f"{'.'.join(name.split('.')[-2:])}-{_bare(value)}" for name, value in leaves(changes)]
    name = re.sub(r"[^A-Za-z0-9._-]+", "-", f"{base}.{'.'.join(parts)}").rstrip("-")
    if len(name) <= LONGEST and _is_free(lake, name, base, changes):
        return name
    return f"{name[:LONGEST]}.{sha256(canonical_json(changes))[:8]}"


def _bare(value: Any) -> str:
    whole = isinstance(value, float) and value.is_integer()
    return value if isinstance(value, str) else show(int(value) if whole else value)


def _is_free(lake: Lake, name: str, base: str, changes: Mapping[str, Any]) -> bool:
    if name not in recipe_names(lake):
        return True
    found = find_recipe(lake, name)
    return found.base == base and found.changes == changes

"""Files: recipes that somebody wrote down, one each in <lake>/recipes/NAME.toml, beside the built-in ones.

    base = "documentation"
    clean.rules.duplicate_lines.maximum = 0.4
    training.layers = 6

A file names its base, which may be another file, and what differs. It is read each time that it is asked for.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from corpus.config import nearest
from corpus.lake.store import Lake
from recipes.changes import change
from recipes.named import RECIPES, Recipe
from recipes.values import leaves, show

FOLDER, SUFFIX = "recipes", ".toml"
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")  # of a folder of reports, a partition, and part of a list with commas


@dataclass(frozen=True, kw_only=True)
class Named:
    """A recipe by its name. `base` and `path`: None for a built-in one. `changes`: what it names that differs."""

    name: str
    recipe: Recipe
    base: str | None = None
    path: str | None = None
    changes: Mapping[str, Any]


def path_of(lake: Lake, name: str) -> str:
    return lake.path(FOLDER, f"{name}{SUFFIX}")


def recipe_names(lake: Lake) -> list[str]:
    """All recipes that the lake has a file of, and the built-in ones. Raises ValueError where two have one name."""
    folder = lake.path(FOLDER)
    found = [str(path).rsplit("/", 1)[-1] for path in lake.fs.ls(folder, detail=False)] if lake.fs.isdir(folder) else []
    seen = {name.lower(): "a built-in recipe" for name in RECIPES}
    names = sorted(file.removesuffix(SUFFIX) for file in found if file.endswith(SUFFIX) and not file.startswith("."))
    for name in names:
        path = path_of(lake, name)
        check_name(name, path)
        other = seen.setdefault(name.lower(), path)
        if other != path:
            raise ValueError(f"{path}: {other} has the name {name.lower()} too; rename this file")
    return sorted([*RECIPES, *names])


def check_name(name: str, where: str) -> None:
    if not NAME.fullmatch(name):
        raise ValueError(
            f"{where}: a recipe's name has letters, digits, '.', '_' and '-', and begins with one of the "
            f"first two; give another name"
        )


def load_recipe(lake: Lake, name: str) -> Recipe:
    return find_recipe(lake, name).recipe


def find_recipe(lake: Lake, name: str) -> Named:
    """Raises ValueError, naming the file, the key and what to do, for a recipe that is not there or cannot be."""
    names = recipe_names(lake)
    if name not in names:
        raise ValueError(
            f"there is no recipe {name}{nearest(name, names)}; there are {', '.join(names)}; "
            f"`headwater recipes new {name} --base base` writes {path_of(lake, name)}"
        )
    return _find(lake, name, names, ())


def _find(lake: Lake, name: str, names: list[str], above: tuple[str, ...]) -> Named:
    """`above`: the recipes that have it as their base, from the one that was asked for."""
    if name in RECIPES:
        return Named(name=name, recipe=RECIPES[name], changes={})
    path = path_of(lake, name)
    table = _read(lake, path)
    base = table.pop("base", None)
    if not isinstance(base, str):
        said = 'it names no base; begin it with base = "base"' if base is None else f"base = {show(base)}: give a name"
        raise ValueError(f"{path}: {said}, or another of {', '.join(names)}")
    if base in (*above, name):
        circle = " -> ".join((*above, name, base))
        raise ValueError(f"{path}: base = {show(base)}: {circle} is a circle; give one of {', '.join(RECIPES)}")
    if base not in names:
        others = [one for one in names if one != name]
        raise ValueError(
            f"{path}: base = {show(base)}: there is no such recipe{nearest(base, others)}; "
            f"there are {', '.join(others)}"
        )
    recipe = _find(lake, base, names, (*above, name)).recipe
    try:
        return Named(name=name, recipe=change(recipe, table), base=base, path=path, changes=table)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error


def _read(lake: Lake, path: str) -> dict[str, Any]:
    try:
        return tomllib.loads(lake.fs.cat_file(path).decode())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"{path} is no TOML file: {error}; correct it") from error


def write_recipe(lake: Lake, name: str, base: str, changes: Mapping[str, Any]) -> Named:
    """A new file. Raises ValueError where there is a recipe of that name, and as `find_recipe` does; nothing is written
    then."""
    path = path_of(lake, name)
    check_name(name, name)
    if taken := next((one for one in recipe_names(lake) if one.lower() == name.lower()), None):
        where = "a built-in recipe" if taken in RECIPES else path_of(lake, taken)
        raise ValueError(f"{name}: {where} has that name; give another, or change that file")
    recipe = change(find_recipe(lake, base).recipe, changes)
    lines = [f"base = {show(base)}", *(f"{key} = {show(value)}" for key, value in leaves(changes))]
    lake.write(path, "".join(f"{line}\n" for line in lines).encode())
    return Named(name=name, recipe=recipe, base=base, path=path, changes=changes)


def ensure_recipe(lake: Lake, name: str, base: str, changes: Mapping[str, Any]) -> Named:
    """The recipe of that name, written where it is not there. Raises ValueError where it is another, or cannot be."""
    if name not in recipe_names(lake):
        return write_recipe(lake, name, base, changes)
    found = find_recipe(lake, name)
    if (found.base, found.changes) != (base, changes):
        raise ValueError(f"{found.path or name} is another recipe; remove that file, or choose another name")
    return found

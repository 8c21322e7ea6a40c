"""Compared sides: the results that a person means by a side of a comparison: of folders, or of recipes as the graph has
scored them, which are read and not computed."""

from __future__ import annotations

import json
import shlex
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from corpus.lake.current import RecipeLake
from corpus.lake.manifest import Manifest
from corpus.lake.stages import CRAWL, FINETUNED_SCORE, SCORE
from corpus.lake.store import Lake
from headwater.options import DEFAULT_LAKE
from recipes.files import NAME, load_recipe
from recipes.values import differences_from
from training.evaluation.catalog import HELD_OUT
from training.significance.common import Seeds
from training.significance.comparison import Comparison, compare_results
from training.significance.results import Results, find_results

LIBRARY = "lm_eval"  # which decides what is asked and how an answer is measured


def compare_sides(a: str, b: str, lake: Lake) -> Comparison:
    """Of two sides, each a folder or a recipe, or several with commas between them: seeds. Recipes that hold out
    different pages are compared on those that both hold out; folders are refused then.

    Raises FileNotFoundError or ValueError, naming what to do, for a name that is neither, a recipe without scores, one
    that has changed since, and scores that were computed in different ways."""
    versions: dict[str, dict[str, str]] = {}  # task -> recipe -> how it was scored
    sides: list[Seeds] = []
    for side in (a, b):
        names = [name.strip() for name in side.split(",")]
        if not all(names):
            raise ValueError(f"{side!r}: give a recipe or a folder of results, or several separated by commas")
        if len(set(names)) < len(names):
            raise ValueError(f"{side}: one name comes twice; a seed counts once")
        sides.append({name: _find(name, lake, versions) for name in names})
    for task, found in versions.items():
        if len(set(found.values())) > 1:
            said = ", ".join(f"{version} under {recipe}" for recipe, version in found.items())
            raise ValueError(f"{task} was scored by different versions: {said}; run the recipe of the older one again")
    folders = all(Path(name).is_dir() for side in sides for name in side)
    return compare_results(sides[0], sides[1], [] if folders else [task.name for task in HELD_OUT])


def _find(name: str, lake: Lake, versions: dict[str, dict[str, str]]) -> Mapping[str, Results]:
    if Path(name).is_dir():
        return find_results(Path(name))
    if not NAME.fullmatch(name):
        raise FileNotFoundError(f"{name} is not a folder: give one that `headwater score --out` wrote, or a recipe")
    recipe = load_recipe(lake, name)
    found = load_report(lake, name)
    if found is None:
        command = _command(lake, name, recipe.crawls)
        raise ValueError(f"the recipe {name} is not scored in the lake {lake.url}: `{command}` does that")
    if changed := differences_from(found.get("settings", {}), recipe):
        raise ValueError(
            f"the recipe {name} was scored before {', '.join(changed)} changed: "
            f"`{_command(lake, name, recipe.crawls)}` scores it as it is now"
        )
    results = {}
    for stage in found["stages"]:
        if stage["stage"] in (SCORE, FINETUNED_SCORE):
            manifest = lake.get(stage["stage"], stage["address"])
            one = read_score(lake, manifest)
            if one is not None:
                results[one.task] = one
                versions.setdefault(one.task, {})[name] = _version(manifest)
    return results


def load_report(lake: Lake, recipe: str) -> dict[str, Any] | None:
    """The content of its report.json; None where it has none."""
    path = lake.path("report", recipe, "report.json")
    found: dict[str, Any] | None = json.loads(lake.fs.cat_file(path)) if lake.fs.exists(path) else None
    return found


def read_score(lake: Lake, manifest: Manifest) -> Results | None:
    """None where there was nothing to ask."""
    score = json.loads(lake.fs.cat_file(f"{lake.folder(manifest)}/score/score.json"))
    if not score["n"]:
        return None
    [items] = lake.read(manifest, "items")
    return Results(score, items)


def _version(manifest: Manifest) -> str:
    first, *libraries = manifest.code_version.split(" ")
    return " ".join([first, *(library for library in libraries if library.startswith(f"{LIBRARY}="))])


def _command(lake: Lake, recipe: str, usual: Collection[str]) -> str:
    """That scores a recipe, which takes the `usual` crawls where none is given, on those that the lake has."""
    held = [
        str(lake.read_run(manifest).get("url", manifest.partition))
        for manifest in RecipeLake(lake.url, None).datasets(CRAWL)
    ]
    crawls = [] if set(held) <= set(usual) else [part for crawl in held for part in ("--crawl", crawl)]
    where = [] if lake.url == Lake(DEFAULT_LAKE).url else ["--lake", lake.url]
    return shlex.join(["headwater", "demo", "--recipe", recipe, *crawls, *where])

"""Recipes: lists, shows and compares configurations of the whole path, and writes new ones beside a lake."""

from __future__ import annotations

import argparse
import shlex
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from headwater.options import DEFAULT_LAKE, add_lake
from headwater.terminal import json_line, one_line

if TYPE_CHECKING:
    from corpus.lake.store import Lake
    from recipes.files import Named

DESCRIPTION = (
    "A recipe is built in, or a file LAKE/recipes/NAME.toml that names its base and what differs from it; "
    "docs/recipes.md says how."
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    verbs = parser.add_subparsers(metavar="VERB", required=True, dest="verb", parser_class=type(parser))
    texts = {
        "list": "all recipes, each with its base and what it changes",
        "show": "every setting of a recipe, as a file would have it",
        "diff": "the settings in which two recipes differ",
        "new": "write a recipe that differs from another in what --set names",
    }
    added = {
        verb: verbs.add_parser(verb, help=text, description=f"{text[0].upper()}{text[1:]}.")
        for verb, text in texts.items()
    }
    added["show"].add_argument("name", metavar="NAME")
    added["diff"].add_argument("a", metavar="A")
    added["diff"].add_argument("b", metavar="B")
    added["new"].add_argument("name", metavar="NAME")
    added["new"].add_argument("--base", required=True, metavar="NAME", help="the recipe that it differs from")
    added["new"].add_argument(
        "--set",
        action="append",
        required=True,
        dest="settings",
        metavar="KEY=VALUE",
        help="a setting, by the name that `show` prints, such as duplicates.threshold=0.7; repeatable",
    )
    for one in added.values():
        add_lake(one)


def run(args: argparse.Namespace) -> int:
    """With --json an object for each recipe or setting."""
    from corpus.lake.store import Lake

    lake = Lake(args.lake)
    for value, line in {"list": _list, "show": _show, "diff": _diff, "new": _new}[args.verb](lake, args):
        if args.json and value is not None:
            print(json_line(value))
        elif not args.json:
            print(line)
    return 0


Rows = Iterator[tuple[dict[str, Any] | None, str]]  # what --json prints, None for nothing, and the line of text


def _list(lake: Lake, args: argparse.Namespace) -> Rows:
    from recipes.files import find_recipe, recipe_names

    names = recipe_names(lake)
    width = max(map(len, names))
    for name in names:
        found = find_recipe(lake, name)
        yield _object(found), f"{name:{width}}  {_about(found)}"


def _object(found: Named) -> dict[str, Any]:
    return {"name": found.name, "base": found.base, "path": found.path, "changes": found.changes}


def _about(found: Named) -> str:
    from recipes.named import ABOUT
    from recipes.values import leaves, show

    if found.base is None:
        return f"built in: {ABOUT[found.name].removesuffix('.')}"
    changes = ", ".join(f"{name} = {show(value)}" for name, value in leaves(found.changes))
    return one_line(f"{found.base} with {changes or 'no change'}")


def _show(lake: Lake, args: argparse.Namespace) -> Rows:
    from recipes.files import find_recipe
    from recipes.values import NONE, settings, show

    found = find_recipe(lake, args.name)
    yield None, one_line(f"# {found.name}: {_about(found)}")
    for name, value in settings(found.recipe):
        if value != NONE:
            yield {"setting": name, "value": value}, one_line(f"{name} = {show(value)}")


def _diff(lake: Lake, args: argparse.Namespace) -> Rows:
    from recipes.files import load_recipe

    yield from _differences(args.a, load_recipe(lake, args.a), args.b, load_recipe(lake, args.b))


def _differences(a: str, one: Any, b: str, other: Any) -> Rows:
    from recipes.values import differences, show_change

    found = list(differences(one, other))
    if not found:
        yield None, f"{a} and {b} are the same"
        return
    width = max(len(name) for name, _, _ in found)
    for name, left, right in found:
        yield {"setting": name, "a": left, "b": right}, f"{name:{width}}  {one_line(show_change(left, right))}"


def _new(lake: Lake, args: argparse.Namespace) -> Rows:
    from recipes.files import load_recipe, write_recipe
    from recipes.values import join_settings, parse_setting

    changes = join_settings([parse_setting(text) for text in args.settings])
    made = write_recipe(lake, args.name, args.base, changes)
    yield _object(made), str(made.path)
    for _, line in _differences(args.base, load_recipe(lake, args.base), args.name, made.recipe):
        yield None, f"  {line}"
    where = [] if args.lake == DEFAULT_LAKE else ["--lake", args.lake]
    yield None, f"Next: {shlex.join(['headwater', 'demo', '--recipe', args.name, *where])}"

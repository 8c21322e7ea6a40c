"""Recipes in files: what they stand for, and what is refused with the file, the key and the next step."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from corpus.lake.store import Lake
from recipes.files import find_recipe, load_recipe, recipe_names, write_recipe
from recipes.named import RECIPES, documentation


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(str(tmp_path))


def write(lake: Lake, name: str, text: str) -> Path:
    path = Path(lake.root) / "recipes" / f"{name}.toml"
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    return path


def test_a_file_differs_from_its_base_in_what_it_names(lake: Lake) -> None:
    write(lake, "wide", 'base = "documentation"\n[training]\nwidth = 256\nseed = 3\n')
    write(lake, "wide-long", 'base = "wide"\ntraining.tokens = 1000000\n')
    assert recipe_names(lake) == sorted([*RECIPES, "wide", "wide-long"])
    training = replace(documentation().training, width=256, seed=3, tokens=1_000_000)
    assert load_recipe(lake, "wide-long") == replace(documentation(), training=training)


def test_a_file_that_changes_is_read_again(lake: Lake) -> None:
    write(lake, "mine", 'base = "base"\nitems.seed = 1')
    assert load_recipe(lake, "mine").items.seed == 1
    write(lake, "mine", 'base = "base"\nitems.seed = 2')
    assert load_recipe(lake, "mine").items.seed == 2


def test_what_is_written_is_read_back(lake: Lake) -> None:
    changes = {"shards": {"mix": {"shares": {"books/*": 2.0, "en": 1}, "by": "source"}}, "trim": {"lines": {}}}
    made = write_recipe(lake, "mixed", "documentation", changes)
    assert find_recipe(lake, "mixed").recipe == made.recipe
    assert made.recipe.shards.mix is not None and made.recipe.trim is not None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("items.seed = 1", 'it names no base; begin it with base = "base"'),
        ("base = 3", "base = 3: give a name, or another of"),
        ('base = "bsae"', 'base = "bsae": there is no such recipe; did you mean base?'),
        ('base = "mine"', 'base = "mine": mine -> mine is a circle'),
        ('base = "base"\nitems.sed = 1', "items.sed = 1: there is no such setting; did you mean seed?"),
        ('base = "base"\nitems.seed = "1"', 'items.seed = "1": wanted is a whole number, as 0'),
        ("base = ", "is no TOML file: Invalid value (at end of document); correct it"),
        ("base = 'base'\nbase = 'demo'", "is no TOML file: Cannot overwrite a value"),
    ],
)
def test_a_file_that_cannot_be_is_refused(lake: Lake, text: str, message: str) -> None:
    path = write(lake, "mine", text)
    with pytest.raises(ValueError) as refused:
        load_recipe(lake, "mine")
    assert str(refused.value).startswith(str(path)) and message in str(refused.value)


def test_bases_in_a_circle_are_named(lake: Lake) -> None:
    for name, under in (("a", "b"), ("b", "c"), ("c", "b")):
        write(lake, name, f'base = "{under}"')
    with pytest.raises(ValueError, match=r'recipes/c.toml: base = "b": a -> b -> c -> b is a circle; give one of'):
        load_recipe(lake, "a")


@pytest.mark.parametrize("name", ["base", "Base"])
def test_a_file_with_the_name_of_a_built_in_recipe_is_refused(lake: Lake, name: str) -> None:
    path = write(lake, name, 'base = "demo"')
    with pytest.raises(ValueError, match=re.escape(f"{path}: a built-in recipe has the name base too; rename this")):
        recipe_names(lake)


def test_names_that_differ_in_case_alone_are_refused(lake: Lake) -> None:
    write(lake, "Mine", 'base = "demo"')
    other = write(lake, "mine", 'base = "demo"')
    with pytest.raises(ValueError, match=re.escape(f"{other}: ") + r".*Mine\.toml has the name mine too"):
        load_recipe(lake, "base")


@pytest.mark.parametrize("name", ["a,b", "a|b", "../a", "", "_"])
def test_a_name_that_no_folder_or_list_can_hold_is_refused(lake: Lake, name: str) -> None:
    with pytest.raises(ValueError, match="give another name"):
        write_recipe(lake, name, "base", {"items": {"seed": 1}})


def test_nothing_is_written_over_or_written_wrong(lake: Lake) -> None:
    write_recipe(lake, "mine", "base", {"items": {"seed": 1}})
    for name, changes, message in (
        ("mine", {"items": {"seed": 2}}, r"mine: .*recipes/mine\.toml has that name"),
        ("demo", {"items": {"seed": 2}}, "demo: a built-in recipe has that name"),
        ("other", {"items": {"sed": 2}}, "did you mean seed"),
    ):
        with pytest.raises(ValueError, match=message):
            write_recipe(lake, name, "base", changes)
    assert load_recipe(lake, "mine").items.seed == 1
    assert "other" not in recipe_names(lake)


def test_an_unknown_recipe_names_the_nearest_and_how_to_write_it(lake: Lake) -> None:
    with pytest.raises(ValueError, match=r"no recipe trimed; did you mean trimmed\?.*`headwater recipes new trimed "):
        load_recipe(lake, "trimed")

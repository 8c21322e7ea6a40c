"""Arms of an ablation: their names, what each is, and which are written."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from corpus.lake.store import Lake
from headwater.ablation.arms import make_design, write_arms
from recipes.files import load_recipe, recipe_names
from recipes.named import RECIPES, documentation

BOUND = "clean.rules.duplicate_lines.maximum=0.4"


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(str(tmp_path))


def test_each_side_has_its_seeds_and_the_first_of_the_base_is_the_base(lake: Lake) -> None:
    design = make_design(lake, "documentation", [BOUND], [], [], 3)
    assert [arm.name for arm in design.a] == ["documentation", "documentation.seed1", "documentation.seed2"]
    first = "documentation.duplicate_lines.maximum-0.4"
    assert [arm.name for arm in design.b] == [first, f"{first}.seed1", f"{first}.seed2"]
    assert design.a[2].recipe == replace(documentation(), training=replace(documentation().training, seed=2))
    assert design.b[1].recipe.clean == design.b[0].recipe.clean != documentation().clean
    assert recipe_names(lake) == sorted(RECIPES), "nothing is written before it is asked for"


def test_what_is_written_is_the_arms_and_is_found_again(lake: Lake) -> None:
    design = make_design(lake, "documentation", [BOUND], [], [], 2)
    write_arms(lake, design.arms)
    write_arms(lake, make_design(lake, "documentation", [BOUND], [], [], 3).arms)
    for arm in make_design(lake, "documentation", [BOUND], [], [], 3).arms:
        assert load_recipe(lake, arm.name) == arm.recipe
    assert len(recipe_names(lake)) == len(RECIPES) + 5


def test_stages_and_rules_are_dropped(lake: Lake) -> None:
    [arm] = make_design(lake, "trimmed", [], ["deduplicate", "trim", "mask", "gopher_stop_words"], [], 1).b
    assert (arm.recipe.duplicates.scope, arm.recipe.trim, arm.recipe.clean.mask) == ("off", None, ())
    assert "gopher_stop_words" not in [rule.name for rule in arm.recipe.clean.rules]


def test_other_changes_of_one_name_have_a_name_of_their_own(lake: Lake) -> None:
    write_arms(lake, make_design(lake, "documentation", ["items.seed=1"], [], [], 1).b)
    [same] = make_design(lake, "documentation", ["items.seed=1"], [], [], 1).b
    assert same.name == "documentation.items.seed-1"
    bounds = [
        make_design(lake, "documentation", [f"duplicates.threshold={one}"], [], [], 1).b[0].name for one in ("1", "1.0")
    ]
    assert bounds == ["documentation.duplicates.threshold-1"] * 2
    (Path(lake.root) / "recipes" / "documentation.items.seed-1.toml").write_text(
        'base = "documentation"\nitems.seed = 2'
    )
    [other] = make_design(lake, "documentation", ["items.seed=1"], [], [], 1).b
    assert other.name.startswith("documentation.items.seed-1.") and other.name != same.name
    many = [f"clean.rules.{rule.name}=none" for rule in documentation().clean.rules[:8]]
    [long] = make_design(lake, "documentation", many, [], [], 1).b
    assert len(long.name) < 100

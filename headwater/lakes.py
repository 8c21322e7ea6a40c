"""Lakes: a lake as one recipe sees it, so that no command mixes the datasets of several recipes."""

from __future__ import annotations

import logging

from corpus.lake.current import open_recipe, recipes_of
from corpus.lake.store import Lake

log = logging.getLogger(__name__)


def open_lake(url: str, recipe: str | None = None) -> Lake:
    """The lake at `url` with the datasets that `recipe` stands for now, or the only recipe that it holds.

    A lake that pipelines wrote without a recipe is opened with all of its datasets. Raises FileNotFoundError where
    there is no lake, ValueError naming the recipes where `recipe` is not among them, or is None and they are several.
    """
    lake = existing_lake(url)
    recipes = recipes_of(lake)
    if recipe is not None:
        if recipe not in recipes:
            raise ValueError(
                f"--recipe {recipe}: the lake {lake.url} holds nothing of that recipe; it holds: "
                f"{', '.join(recipes) or 'no recipe'}"
            )
    elif len(recipes) > 1:
        raise ValueError(f"the lake {lake.url} holds several recipes: choose one by --recipe: {', '.join(recipes)}")
    elif not recipes:
        return lake
    else:
        [recipe] = recipes
    log.debug("reading recipe %s of the lake %s", recipe, lake.url)
    return open_recipe(lake.url, recipe)


def existing_lake(url: str) -> Lake:
    """The lake with the datasets of all recipes. Raises FileNotFoundError where there is none."""
    lake = Lake(url)
    if not lake.fs.exists(lake.root):
        raise FileNotFoundError(f"there is no lake at {lake.url}; give another --lake, or make one by `headwater demo`")
    return lake

"""Recipe: the settings of a whole path as an asset, so that a changed file shows, and starts, what has to follow."""

from typing import Any

import dagster as dg
from pydantic import Field

from corpus.lake.manifest import canonical_json, sha256
from dagster_project.lineage import RECIPE
from dagster_project.metadata.figures import markdown_table
from dagster_project.resources import LakeResource
from dagster_project.stage_assets import stage_asset
from recipes.files import find_recipe, write_recipe
from recipes.named import Recipe
from recipes.values import join_settings, parse_setting, recorded_settings, show

VERSION = 1


class NewRecipe(dg.Config):
    """For a recipe that is not there yet; without `settings`, the one of the partition's name is read as it is."""

    base: str = Field(default="base", description="The recipe that the new one begins with.")
    settings: list[str] = Field(
        default=[],
        description="What differs, each as NAME=VALUE, such as duplicates.threshold=0.7 or training.layers=6; "
        "`headwater recipes show base` lists all names. They are written to the lake's file of the recipe.",
    )


@stage_asset(
    RECIPE,
    deps=[],
    group="recipes",
    kinds={"toml"},
    version=VERSION,
    made_by=find_recipe,
)
def recipe(context: dg.AssetExecutionContext, config: NewRecipe, lake: LakeResource) -> dg.MaterializeResult:
    """The settings by which crawls become a model. One of a file is read again whenever the file changes."""
    name, opened = context.partition_key, lake.open()
    try:
        if config.settings:
            write_recipe(opened, name, config.base, join_settings([parse_setting(one) for one in config.settings]))
        found = find_recipe(opened, name)
    except ValueError as error:
        raise dg.Failure(str(error), allow_retries=False) from error
    settings = recorded_settings(found.recipe)
    rows = [(key, show(value)) for key, value in settings.items()]
    metadata: dict[str, Any] = {
        "base": found.base or "built in",
        "changes": {key: show(value) for key, value in found.changes.items()},
        **({"path": dg.MetadataValue.path(found.path)} if found.path else {}),
        "settings": dg.MetadataValue.md(markdown_table(("setting", "value"), rows)),
    }
    return dg.MaterializeResult(metadata=metadata, data_version=dg.DataVersion(settings_digest(found.recipe)))


def settings_digest(found: Recipe) -> str:
    return sha256(canonical_json(recorded_settings(found)))

"""Recipe run: a recipe written into a benchmark's own lake, and computed as far as some assets."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import dagster as dg

from corpus.lake.current import RecipeLake
from corpus.lake.stages import CHECKPOINT
from corpus.lake.store import Lake
from headwater.crawl_keys import resolve_crawls
from headwater.graph_run import GraphRun
from pipelines.engine import Engine


def run_recipe(
    lake: Path, name: str, recipe: str, crawl: Path, *last: dg.AssetKey, benchmarks: Mapping[str, Path] | None = None
) -> RecipeLake:
    """`recipe`: its TOML. What is there is not computed again. Returns the lake as the recipe sees it."""
    (lake / "recipes").mkdir(parents=True, exist_ok=True)
    (lake / "recipes" / f"{name}.toml").write_text(recipe)
    GraphRun(Lake(str(lake)), Engine(), name).run_until(resolve_crawls([str(crawl)]), benchmarks or {}, last)
    return RecipeLake(str(lake), name)


def model_folder(view: RecipeLake) -> Path:
    """Of the recipe's checkpoint."""
    [made] = view.datasets(CHECKPOINT)
    return Path(view.folder(made)) / "model"

"""Resources: where datasets live and where pipelines run. Both come from the environment, so `dagster dev`, the
`headwater` command and tests configure them alike."""

from __future__ import annotations

import os

import dagster as dg

from corpus.lake.current import RecipeLake
from corpus.lake.store import DEFAULT_LAKE
from dagster_project.instance import LAKE
from pipelines.engine import Engine

WORKERS = "HEADWATER_WORKERS"
RUNNER = "HEADWATER_RUNNER"


class LakeResource(dg.ConfigurableResource):
    """`url`: a folder or any fsspec URL."""

    url: str

    def open(self, recipe: str | None = None) -> RecipeLake:
        """As a recipe sees it; without one, for the stages that all recipes share."""
        return RecipeLake(self.url, recipe)


class EngineResource(dg.ConfigurableResource):
    """`workers`: local processes. `options`: further Beam flags."""

    runner: str = "FnApiRunner"
    workers: int
    options: list[str] = []

    def open(self) -> Engine:
        return Engine(runner=self.runner, workers=self.workers, options=tuple(self.options))


def default_resources() -> dict[str, dg.ConfigurableResource]:
    return {
        "lake": LakeResource(url=os.environ.get(LAKE, DEFAULT_LAKE)),
        "engine": EngineResource(
            runner=os.environ.get(RUNNER, "FnApiRunner"), workers=int(os.environ.get(WORKERS, os.cpu_count() or 1))
        ),
    }

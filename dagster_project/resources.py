"""Resources: where datasets live and where pipelines run. In `dagster dev` both come from the environment, in a
`headwater` command from its options."""

from __future__ import annotations

import os
import shlex

import dagster as dg

from corpus.lake.current import RecipeLake
from corpus.lake.store import DEFAULT_LAKE
from dagster_project.instance import LAKE
from pipelines.engine import LOCAL, WORKER_TIMEOUT, Engine

WORKERS = "HEADWATER_WORKERS"
RUNNER = "HEADWATER_RUNNER"
RUNNER_OPTIONS = "HEADWATER_RUNNER_OPTIONS"  # as in a shell: "--flink_master=host:8081 --parallelism=8"


class LakeResource(dg.ConfigurableResource):
    """`url`: a folder or any fsspec URL."""

    url: str

    def open(self, recipe: str | None = None) -> RecipeLake:
        """As a recipe sees it; without one, for the stages that all recipes share."""
        return RecipeLake(self.url, recipe)


class EngineResource(dg.ConfigurableResource):
    """`runner`: of Beam. `workers`: local processes. `options`: further Beam flags. `worker_timeout`: seconds within
    which a worker of another runner must have begun."""

    runner: str = LOCAL
    workers: int
    options: list[str] = []
    worker_timeout: float = WORKER_TIMEOUT

    @classmethod
    def of(cls, engine: Engine) -> EngineResource:
        return cls(**vars(engine) | {"options": list(engine.options)})

    def open(self) -> Engine:
        return Engine(
            runner=self.runner,
            workers=self.workers,
            options=tuple(self.options),
            worker_timeout=self.worker_timeout,
        )


def default_resources() -> dict[str, dg.ConfigurableResource]:
    return {
        "lake": LakeResource(url=os.environ.get(LAKE, DEFAULT_LAKE)),
        "engine": EngineResource(
            runner=os.environ.get(RUNNER, LOCAL),
            workers=int(os.environ.get(WORKERS, os.cpu_count() or 1)),
            options=shlex.split(os.environ.get(RUNNER_OPTIONS, "")),
        ),
    }

"""Graph: assets of one crawl under a small recipe, materialized in an ephemeral instance."""

from __future__ import annotations

from dataclasses import dataclass, replace

import dagster as dg

from corpus.lake.store import Lake
from corpus.tokenizer.vocabulary import VocabularyConfig
from dagster_project.definitions import RECIPE_ASSETS, clean, crawl, documents, signatures, trimmed
from dagster_project.partitions import crawl_recipe_key
from dagster_project.resources import EngineResource, LakeResource
from recipes import named as recipes
from recipes.training import TrainingConfig

SMALL = replace(recipes.base(), vocabulary=VocabularyConfig(size=512), training=TrainingConfig(tokens=8_192, along=1))


@dataclass(frozen=True, kw_only=True)
class Graph:
    """Materializes assets of one crawl in an ephemeral instance."""

    instance: dg.DagsterInstance
    lake: Lake
    key: str

    def materialize(
        self, assets: list[dg.AssetsDefinition], partition: str, **rest: object
    ) -> dg.ExecuteInProcessResult:
        return dg.materialize(
            assets,
            instance=self.instance,
            partition_key=partition,
            resources={
                "lake": LakeResource(url=self.lake.url),
                "engine": EngineResource(workers=1),
                "pipes": dg.PipesSubprocessClient(),
            },
            **rest,  # type: ignore[arg-type]
        )

    def materialize_all(self) -> None:
        assert self.materialize([crawl], self.key).success
        assert self.materialize([documents, clean, trimmed, signatures], crawl_recipe_key(self.key, "base")).success
        assert self.materialize(RECIPE_ASSETS, "base").success

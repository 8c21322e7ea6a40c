"""Lineage: which datasets an asset's partition stands for, by its last materialization, and which assets it reads."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import dagster as dg

from corpus.lake import stages
from corpus.lake.manifest import Manifest
from corpus.lake.store import Lake
from dagster_project import partitions
from training.evaluation.catalog import HELD_OUT

BENCHMARK_SCORE, RECIPE, TUNING_STUDY = "benchmark_score", "recipe", "tuning_study"  # assets that are no stage
HELD_OUT_TASKS = [task.name for task in HELD_OUT]
WITHIN_OTHERS = (stages.MEASURES, stages.REPEATS, stages.DUPLICATES)

DATASETS = "datasets"  # metadata: "stage/address" of each

# Those that settings of a recipe decide.
CONFIGURED = (
    *(stages.DOCUMENTS, stages.CLEAN, stages.TRIMMED, stages.SIGNATURES, stages.UNIQUE, stages.CONTAMINATION),
    *(stages.SPLIT, stages.ITEMS, stages.TOKENIZER, stages.SHARDS, stages.CHECKPOINT, stages.FINETUNED),
    *(stages.RISKS, stages.SHRUNK),
)
_BY_CRAWL = (stages.DOCUMENTS, stages.CLEAN, stages.TRIMMED, stages.SIGNATURES)
_PARTITIONS: dict[str, dg.PartitionsDefinition] = {
    stages.CRAWL: partitions.crawls,
    **dict.fromkeys(_BY_CRAWL, partitions.crawl_recipes),
    stages.BENCHMARK: partitions.benchmarks,
    BENCHMARK_SCORE: partitions.benchmark_recipes,
    TUNING_STUDY: partitions.studies,
}


def partitions_of(asset: dg.AssetKey) -> dg.PartitionsDefinition:
    """Those of one recipe, where nothing else is said."""
    return _PARTITIONS.get(asset.to_user_string(), partitions.recipes)


def upstream_assets(stage: str) -> list[dg.AssetKey]:
    """The assets that a stage reads, by the stage graph. What is no asset (measures, repeats, duplicates) is made
    within the asset that reads it, so what it reads itself counts. An asset that a recipe may leave out passes on what
    it would have read. Whatever a recipe configures reads the recipe."""
    names = _asset_stages(stage)
    if stages.TRIMMED in names:
        names.pop(stages.CLEAN, None)
    return [dg.AssetKey(name) for name in names] + ([dg.AssetKey(RECIPE)] if stage in CONFIGURED else [])


def _asset_stages(stage: str) -> dict[str, None]:
    """The stages with an asset that one reads, in order. Datasets of its own and of later stages, which it reads of
    crawls that came before, are no edge."""
    order = list(stages.STAGES)
    names: dict[str, None] = {}
    for upstream in stages.STAGES[stage].reads:
        if order.index(upstream) < order.index(stage):
            names |= _asset_stages(upstream) if upstream in WITHIN_OTHERS else {upstream: None}
    return names


def asset_of(stage: str, partition: str) -> dg.AssetKey:
    """The asset that makes a dataset. One of a stage that is no asset is made within the first asset that reads it."""
    if stage == stages.SCORE:
        task = partition.partition(":")[0]
        return dg.AssetKey(["scores", task] if task in HELD_OUT_TASKS else BENCHMARK_SCORE)
    if stage in WITHIN_OTHERS:
        readers = (one.name for one in stages.STAGES.values() if stage in one.reads)
        stage = next(name for name in readers if name not in WITHIN_OTHERS)
    return dg.AssetKey(stage)


def datasets_of(lake: Lake, metadata: Mapping[str, Any]) -> list[Manifest]:
    """The datasets that a materialization's metadata name."""
    return [lake.get(*str(name).split("/")) for name in metadata[DATASETS]]


def datasets_left(lake: Lake, metadata: Mapping[str, Any]) -> list[Manifest]:
    """As `datasets_of`, without those that are no longer in the lake: what is made only when asked may have been
    forgotten and collected."""
    found = (lake.find(*str(name).split("/")) for name in metadata[DATASETS])
    return [manifest for manifest in found if manifest is not None]


def latest(instance: dg.DagsterInstance, asset: str, partition: str | None) -> dict[str, Any] | None:
    """The metadata of an asset partition's last materialization, or None. `partition`: None for an asset without."""
    partitions = None if partition is None else [partition]
    records = instance.fetch_materializations(
        dg.AssetRecordsFilter(asset_key=dg.AssetKey(asset.split("/")), asset_partitions=partitions), limit=1
    ).records
    if not records:
        return None
    materialization = records[0].asset_materialization
    assert materialization is not None
    return {name: value.value for name, value in materialization.metadata.items()}


def content_before(instance: dg.DagsterInstance, materialization: dg.AssetMaterialization, run_id: str) -> str | None:
    """The content that an asset partition had before a run materialized it; None when that was the first time."""
    partitions = None if materialization.partition is None else [materialization.partition]
    chosen = dg.AssetRecordsFilter(asset_key=materialization.asset_key, asset_partitions=partitions)
    for record in instance.fetch_materializations(chosen, limit=2).records:
        earlier = record.asset_materialization
        if earlier is not None and record.run_id != run_id and "content" in earlier.metadata:
            return str(earlier.metadata["content"].value)
    return None


def upstream(context: dg.AssetExecutionContext, lake: Lake, asset: str, partition: str | None = None) -> Manifest:
    """The dataset that an upstream asset last published. Raises dg.Failure when it was never materialized."""
    [manifest] = upstreams(context, lake, asset, partition)
    return manifest


def upstreams(
    context: dg.AssetExecutionContext, lake: Lake, asset: str, partition: str | None = None
) -> list[Manifest]:
    """As `upstream`, for an asset that is one dataset a crawl."""
    partition = partition or context.partition_key
    metadata = latest(context.instance, asset, str(partition))
    if metadata is None:
        raise dg.Failure(f"{asset} [{partition}] was never materialized: materialize it first")
    return datasets_of(lake, metadata)

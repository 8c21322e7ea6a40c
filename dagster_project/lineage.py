"""Lineage: which datasets an asset's partition stands for, by its last materialization, and which assets it reads."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import dagster as dg

from corpus.lake import stages
from corpus.lake.manifest import Manifest
from corpus.lake.store import Lake
from recipes.named import BENCHMARKS

BENCHMARK_ASSETS = [dg.AssetKey(["benchmarks", task]) for task in BENCHMARKS]
WITHIN_OTHERS = (stages.MEASURES, stages.REPEATS, stages.DUPLICATES)

DATASETS = "datasets"  # metadata: "stage/address" of each

# The assets of stages whose asset is not named after them.
_OTHER_ASSETS = {stages.BENCHMARK: BENCHMARK_ASSETS}


def upstream_assets(stage: str) -> list[dg.AssetKey]:
    """The assets that a stage reads, by the stage graph. What is no asset (measures, repeats, duplicates) is made
    within the asset that reads it, so what it reads itself counts. An asset that a recipe may leave out passes on what
    it would have read."""
    names = _asset_stages(stage)
    if stages.TRIMMED in names:
        names.pop(stages.CLEAN, None)
    return [key for name in names for key in _OTHER_ASSETS.get(name, [dg.AssetKey(name)])]


def _asset_stages(stage: str) -> dict[str, None]:
    """The stages with an asset that one reads, in order. Datasets of its own and of later stages, which it reads of
    crawls that came before, are no edge."""
    order = list(stages.STAGES)
    names: dict[str, None] = {}
    for upstream in stages.STAGES[stage].reads:
        if order.index(upstream) < order.index(stage):
            names |= _asset_stages(upstream) if upstream in WITHIN_OTHERS else {upstream: None}
    return names


def datasets_of(lake: Lake, metadata: Mapping[str, Any]) -> list[Manifest]:
    """The datasets that a materialization's metadata name."""
    return [lake.get(*str(name).split("/")) for name in metadata[DATASETS]]


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

"""Lineage: which dataset an asset's partition stands for: the one at the address of its last materialization."""

from __future__ import annotations

from typing import Any

import dagster as dg

from corpus.lake.manifest import Manifest
from corpus.lake.store import Lake

ADDRESS = "address"


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
    return [lake.get(str(metadata["stage"]), address) for address in str(metadata[ADDRESS]).split()]

"""Stage assets: what every asset tells Dagster of itself: what it reads and by which partitions, its code and version,
the columns of its table, who owns it, what is checked, and when it is computed without being asked."""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Callable, Sequence
from typing import Any

import dagster as dg
import pyarrow as pa
from dagster_shared.utils.warnings import BetaWarning

from dagster_project import checks
from dagster_project.automation import follow
from dagster_project.lineage import partitions_of, upstream_assets
from dagster_project.metadata.columns import column_lineage, column_schema
from dagster_project.partitions import mapping

DATA, TRAINING, EVALUATION = "team:data", "team:training", "team:evaluation"
OWNERS = {
    "crawls": DATA,
    "recipes": DATA,
    "documents": DATA,
    "tokens": DATA,
    "model": TRAINING,
    "benchmarks": EVALUATION,
    "scores": EVALUATION,
}


def stage_asset(
    stage: str,
    *,
    group: str,
    kinds: set[str],
    version: int,
    made_by: Callable[..., Any] | None = None,
    checked: Sequence[str] = (),
    columns: pa.Schema | None = None,
    columns_from: tuple[str, pa.Schema] | None = None,
    key: Sequence[str] | None = None,
    deps: Sequence[dg.AssetKey] | None = None,
    triggers: Sequence[dg.AssetKey] | None = None,
    optional: Sequence[dg.AssetKey] = (),
    **more: Any,
) -> Callable[[Callable[..., Any]], dg.AssetsDefinition]:
    """Decorates the function of an asset, whose docstring is its description.

    `stage`: as the stage graph names it, which says what is read unless `deps` does. `version`: of its code, a part of
    every dataset's address. `made_by`: what does the work, linked beside the asset's own function. `columns`: of the
    table that it makes, where it is one, and `columns_from` the asset that it is made of, with its columns. `triggers`:
    those of `deps` whose change starts it, where automation is on; otherwise all. `optional`: those that it does not
    wait for. `more`: as dagster.asset has it.
    """
    own = dg.AssetKey(list(key or [stage]))
    partitions = partitions_of(own)
    read = {one: partitions_of(one) for one in (upstream_assets(stage) if deps is None else deps)}

    condition = follow(partitions, read, list(read) if triggers is None else triggers, optional)

    def decorate(function: Callable[..., Any]) -> dg.AssetsDefinition:
        metadata: dict[str, Any] = {"dagster/code_references": _references(function, made_by)}
        if columns is not None:
            metadata["dagster/column_schema"] = column_schema(columns)
        if columns is not None and columns_from is not None:
            metadata["dagster/column_lineage"] = column_lineage(columns, *columns_from)
        define: Callable[[Callable[..., Any]], dg.AssetsDefinition] = dg.asset(
            key=own,
            deps=[dg.AssetDep(one, partition_mapping=mapping(of, partitions)) for one, of in read.items()],
            partitions_def=partitions,
            group_name=group,
            kinds=kinds,
            owners=[OWNERS[group]],
            tags={"stage": stage},
            code_version=str(version),
            metadata=metadata,
            check_specs=checks.specs(own, *checked),
            **{"automation_condition": condition, **more},
        )
        return define(function)

    return decorate


def _references(*functions: Callable[..., Any] | None) -> dg.CodeReferencesMetadataValue:
    """Where the functions are written, as links for an editor."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", BetaWarning)
        return dg.CodeReferencesMetadataValue(
            code_references=[
                dg.LocalFileCodeReference(
                    file_path=inspect.getfile(function),
                    line_number=inspect.getsourcelines(function)[1],
                    label=f"{function.__module__}.{function.__name__}",
                )
                for function in functions
                if function is not None
            ]
        )

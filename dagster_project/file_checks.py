"""File checks: whether all that an asset stands for is still in the lake. Each is executed by itself, at any time, and
reads no file; `headwater verify` reads every byte."""

import dagster as dg

from corpus.lake.manifest import Manifest
from corpus.lake.store import Lake
from corpus.lake.verification import find_misplaced
from dagster_project.lineage import datasets_of, latest
from dagster_project.resources import LakeResource

IN_PLACE = "files_in_place"
SHOWN = 20  # files that are named


def files_in_place(asset: dg.AssetsDefinition) -> dg.AssetChecksDefinition:
    @dg.asset_check(
        asset=asset,
        name=IN_PLACE,
        description="The files of all partitions are in the lake, with the sizes that their manifests name.",
    )
    def check(context: dg.AssetCheckExecutionContext, lake: LakeResource) -> dg.AssetCheckResult:
        opened, name = lake.open(), asset.key.to_user_string()
        partitions = sorted(context.instance.get_materialized_partitions(asset.key))
        problems: list[str] = []
        manifests: dict[str, Manifest] = {}  # partitions may stand for the same dataset: recipes alike in this stage
        for partition in partitions:
            found, missing = _datasets(context.instance, opened, name, partition)
            manifests |= {opened.folder(manifest): manifest for manifest in found}
            problems += missing
        files = sum(len(manifest.files) for manifest in manifests.values())
        problems += [problem for manifest in manifests.values() for problem in find_misplaced(opened, manifest)]
        return dg.AssetCheckResult(
            passed=not problems,
            severity=dg.AssetCheckSeverity.ERROR,
            metadata={
                "partitions": len(partitions),
                "files": files,
                "wrong": len(problems),
                "problems": "\n".join(problems[:SHOWN]) or "none",
            },
        )

    return check


def _datasets(instance: dg.DagsterInstance, lake: Lake, asset: str, partition: str) -> tuple[list[Manifest], list[str]]:
    """What a partition stands for, and what of that is no longer a dataset."""
    metadata = latest(instance, asset, partition)
    if metadata is None:
        return [], []
    try:
        return datasets_of(lake, metadata), []
    except FileNotFoundError as error:
        return [], [f"{partition}: {error}"]

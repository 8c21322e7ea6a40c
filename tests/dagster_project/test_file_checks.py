"""A check that anybody can run at any time: the files of all partitions are where their manifests say."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import dagster as dg
from graphs import Graph

from corpus.lake.manifest import Manifest
from corpus.lake.store import Lake
from dagster_project.assets.document_stages import clean
from dagster_project.file_checks import IN_PLACE, files_in_place
from dagster_project.lineage import DATASETS
from dagster_project.resources import EngineResource, LakeResource


def run(graph: Graph) -> dg.AssetCheckEvaluation:
    job = dg.define_asset_job("check", dg.AssetSelection.checks(dg.AssetCheckKey(clean.key, IN_PLACE)))
    resources = {"lake": LakeResource(url=graph.lake.url), "engine": EngineResource(workers=1)}
    resolved = dg.Definitions(assets=[clean], asset_checks=[files_in_place(clean)], jobs=[job], resources=resources)
    result = resolved.resolve_job_def("check").execute_in_process(instance=graph.instance)
    [found] = result.get_asset_check_evaluations()
    return found


def test_a_file_that_was_removed_or_cut_is_named(graph: Graph, graph_lake: Path, tmp_path: Path) -> None:
    mine = replace(graph, lake=Lake(str(shutil.copytree(graph_lake, tmp_path / "lake"))))
    dataset = next(mine.lake.datasets("clean"))
    with dg.DagsterInstance.ephemeral() as instance:
        mine = replace(mine, instance=instance)
        for recipe in ("base", "alike"):  # two recipes that are one up to this stage
            metadata = {DATASETS: [f"clean/{dataset.address}"]}
            made = dg.AssetMaterialization(clean.key, partition=f"my-crawl|{recipe}", metadata=metadata)
            instance.report_runless_asset_event(made)
        check_files(mine, dataset)


def check_files(mine: Graph, dataset: Manifest) -> None:
    whole = run(mine)
    assert whole.passed and whole.metadata["partitions"].value == 2
    assert whole.metadata["files"].value == len(dataset.files)
    first, second = (Path(mine.lake.folder(dataset), entry.path) for entry in dataset.files[:2])
    first.unlink()
    second.write_bytes(second.read_bytes()[:-1])
    broken = run(mine)
    assert not broken.passed and broken.metadata["wrong"].value == 2
    said = str(broken.metadata["problems"].value)
    assert f"{first}: missing" in said and f"{second}: {second.stat().st_size} bytes; the manifest has" in said
    shutil.rmtree(mine.lake.folder(dataset))
    assert not run(mine).passed

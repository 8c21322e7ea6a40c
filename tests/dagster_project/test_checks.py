"""Checks on what a crawl's files lack, seen in Dagster."""

from __future__ import annotations

from pathlib import Path

import dagster as dg
from graphs import Graph
from warc_bytes import three

from corpus.lake.store import Lake
from dagster_project import checks
from dagster_project.definitions import crawl, documents
from dagster_project.partitions import crawl_recipe_key


def test_a_crawl_that_ends_early_warns(tmp_path: Path) -> None:
    """Its whole records are there, and nothing downstream is stopped."""
    warc = tmp_path / "cut.warc.gz"
    warc.write_bytes(b"".join(three())[:-40])
    with dg.DagsterInstance.ephemeral() as instance:
        instance.add_dynamic_partitions("crawls", [str(warc)])
        instance.add_dynamic_partitions("recipes", ["base"])
        graph = Graph(instance=instance, lake=Lake(str(tmp_path / "lake")), key=str(warc))
        assert graph.materialize([crawl], graph.key).success
        result = graph.materialize([documents], crawl_recipe_key(graph.key, "base"))
    assert result.success
    [check] = [found for found in result.get_asset_check_evaluations() if found.check_name == checks.WHOLE]
    assert not check.passed and check.severity == dg.AssetCheckSeverity.WARN
    assert check.metadata["truncated"].value == 1
    [manifest] = graph.lake.datasets("documents")
    assert manifest.counts.kept == 2

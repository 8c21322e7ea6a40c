"""Adding a crawl by its path and taking a mistyped partition away, as in Dagster's launchpad."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from dagster_project.partition_jobs import add_crawl, take_away_partition
from dagster_project.resources import LakeResource


@pytest.fixture
def instance() -> Any:
    with dg.DagsterInstance.ephemeral() as instance:
        yield instance


def launch(job: dg.JobDefinition, instance: dg.DagsterInstance, lake: Path, **config: str) -> None:
    op = job.nodes[0].name
    job.execute_in_process(
        instance=instance,
        run_config={"ops": {op: {"config": config}}},
        resources={"lake": LakeResource(url=str(lake))},
    )


def test_a_crawl_becomes_a_partition_with_its_recipe(instance: dg.DagsterInstance, tmp_path: Path) -> None:
    (tmp_path / "news").mkdir()
    launch(add_crawl, instance, tmp_path, path=str(tmp_path / "news"), recipe="documentation")
    assert list(instance.get_dynamic_partitions("crawls")) == [str(tmp_path / "news")]
    assert list(instance.get_dynamic_partitions("recipes")) == ["documentation"]
    launch(add_crawl, instance, tmp_path, path="CC-MAIN-2026-05#2")
    assert set(instance.get_dynamic_partitions("recipes")) == {"base", "documentation"}


def test_what_cannot_become_one_is_refused_before_it_does(instance: dg.DagsterInstance, tmp_path: Path) -> None:
    (tmp_path / "a" / "news").mkdir(parents=True)
    (tmp_path / "b" / "news").mkdir(parents=True)
    with pytest.raises(dg.Failure, match="nowhere: there is no such file or folder where Dagster runs; give another"):
        launch(add_crawl, instance, tmp_path, path=str(tmp_path / "nowhere"))
    with pytest.raises(dg.Failure, match="there is no recipe bse; did you mean base"):
        launch(add_crawl, instance, tmp_path, path=str(tmp_path / "a" / "news"), recipe="bse")
    launch(add_crawl, instance, tmp_path, path=str(tmp_path / "a" / "news"))
    with pytest.raises(dg.Failure, match="are both named 'news': rename one of them"):
        launch(add_crawl, instance, tmp_path, path=str(tmp_path / "b" / "news"))
    assert list(instance.get_dynamic_partitions("crawls")) == [str(tmp_path / "a" / "news")]


def test_a_mistyped_one_is_taken_away(instance: dg.DagsterInstance, tmp_path: Path) -> None:
    instance.add_dynamic_partitions("crawls", ["/crawls/news", "/crawls/nws"])
    with pytest.raises(dg.Failure, match="/crawls/newz is no partition of crawls; did you mean /crawls/news"):
        launch(take_away_partition, instance, tmp_path, kind="crawl", key="/crawls/newz")
    with pytest.raises(dg.Failure, match="kind 'crawls'; did you mean crawl"):
        launch(take_away_partition, instance, tmp_path, kind="crawls", key="/crawls/nws")
    launch(take_away_partition, instance, tmp_path, kind="crawl", key="/crawls/nws")
    assert list(instance.get_dynamic_partitions("crawls")) == ["/crawls/news"]

"""The instance of deploy/dagster.yaml on a real Postgres, which several processes write at once."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import postgres
import pytest

from corpus.lake.current import RecipeLake
from corpus.lake.store import Lake
from corpus.lake.verification import find_damage
from dagster_project.definitions import CLEAN_ASSETS
from dagster_project.instance import use_home
from dagster_project.lineage import datasets_of, latest
from dagster_project.partitions import crawl_recipe_key

ROOT = Path(__file__).parents[2]
RECIPES = ("base", "documentation")

pytestmark = pytest.mark.skipif(postgres.missing() is not None, reason=str(postgres.missing()))


@pytest.fixture(scope="module")
def server() -> Iterator[postgres.Server]:
    with postgres.running_server() as server:
        yield server


@pytest.fixture
def deployed(server: postgres.Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Lake:
    """The environment of deploy/Dockerfile, with an empty lake and an empty database."""
    home, lake = tmp_path / "home", Lake(str(tmp_path / "lake"))
    home.mkdir()
    shutil.copy(ROOT / "deploy" / "dagster.yaml", home)
    database = "".join(letter for letter in tmp_path.name.lower() if letter.isalnum())
    monkeypatch.setenv("HEADWATER_POSTGRES_URL", server.create_database(database))
    monkeypatch.setenv("HEADWATER_LOGS", str(tmp_path / "logs"))
    monkeypatch.setenv("HEADWATER_LAKE", lake.url)
    monkeypatch.setenv("DAGSTER_HOME", str(home))
    monkeypatch.setenv("DO_NOT_TRACK", "1")
    return lake


def test_dagster_takes_the_configuration_of_the_deployment(deployed: Lake) -> None:
    with dg.DagsterInstance.get() as instance:
        assert {type(one).__name__ for one in (instance.run_storage, instance.event_log_storage)} == {
            "PostgresRunStorage",
            "PostgresEventLogStorage",
        }
        assert type(instance.schedule_storage).__name__ == "PostgresScheduleStorage"
        assert instance.run_monitoring_enabled and instance.run_retries_enabled
        assert (instance.run_retries_max_retries, instance.telemetry_enabled) == (2, False)
        assert type(instance.run_coordinator).__name__ == "QueuedRunCoordinator"


def test_two_processes_at_once_write_one_history(deployed: Lake, crawl_folder: Path) -> None:
    """Two recipes of one crawl, so that both want the same datasets at the same time."""
    script = str(ROOT / "tests" / "helpers" / "materialize_clean.py")
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    running = [
        subprocess.Popen(
            [sys.executable, script, str(crawl_folder), recipe],
            cwd=deployed.root.rpartition("/")[0],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for recipe in RECIPES
    ]
    printed = [process.communicate(timeout=300)[0] for process in running]
    assert [process.returncode for process in running] == [0, 0], printed

    with dg.DagsterInstance.get() as instance:
        assert instance.get_dynamic_partitions("crawls") == [str(crawl_folder)]
        assert set(instance.get_dynamic_partitions("recipes")) == set(RECIPES)
        runs = instance.get_runs()
        assert len(runs) == 4 and {run.status for run in runs} == {dg.DagsterRunStatus.SUCCESS}
        for recipe in RECIPES:
            view = RecipeLake(deployed.url, recipe)
            for asset in CLEAN_ASSETS:
                metadata = latest(
                    instance, asset.key.to_user_string(), str(crawl_recipe_key(str(crawl_folder), recipe))
                )
                assert metadata is not None, (recipe, asset.key)
                [manifest] = datasets_of(view, metadata)
                assert list(find_damage(view, manifest)) == []
                assert manifest.content() == metadata["content"]
        events = [len(instance.all_logs(run.run_id, of_type=dg.DagsterEventType.STEP_SUCCESS)) for run in runs]
        assert sorted(events) == [1, 1, 4, 4]
    assert len(list(deployed.datasets("documents"))) == 1  # what both recipes share was computed once
    assert not Path(deployed.root, "dagster").exists()  # nothing beside the deployment's own history


def test_the_history_of_another_lake_is_not_written_into_the_deployment(deployed: Lake, tmp_path: Path) -> None:
    configured = os.environ["DAGSTER_HOME"]
    assert use_home(deployed) == Path(configured)
    other = Lake(str(tmp_path / "other"))
    assert use_home(other) == tmp_path / "other" / "dagster"
    assert (os.environ["DAGSTER_HOME"], os.environ["HEADWATER_LAKE"]) == (
        str(tmp_path / "other" / "dagster"),
        other.url,
    )

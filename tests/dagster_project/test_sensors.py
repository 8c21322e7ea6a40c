"""What becomes a partition by itself, and what is run for it: recipes, a watched folder, new crawls of Common Crawl."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import dagster as dg
import pytest

from corpus.sources import commoncrawl
from dagster_project.definitions import defs
from dagster_project.resources import LakeResource
from dagster_project.schedules import weekly_crawl
from dagster_project.sensors import known_partitions, new_common_crawls, watched_folder
from dagster_project.watching import USED_RECIPES, WATCH

WIDE = 'base = "base"\ntraining.width = 256\n'


@pytest.fixture
def instance(monkeypatch: pytest.MonkeyPatch) -> Iterator[dg.DagsterInstance]:
    for name in (WATCH, USED_RECIPES, commoncrawl.BASE_VARIABLE):
        monkeypatch.delenv(name, raising=False)
    with dg.DagsterInstance.ephemeral() as instance:
        yield instance


class Looks:
    """Ticks of one sensor, one after the other; what it asks for becomes a partition."""

    def __init__(self, instance: dg.DagsterInstance, sensor: dg.SensorDefinition, lake: Path | None = None) -> None:
        self.instance, self.sensor, self.cursor = instance, sensor, None
        self.resources = {"lake": LakeResource(url=str(lake))} if lake else {}

    def look(self) -> tuple[list[str], list[str | None]]:
        """(new partitions, partitions of which a run is asked for)."""
        with dg.build_sensor_context(
            instance=self.instance, cursor=self.cursor, resources=self.resources, definitions=defs
        ) as context:
            result = self.sensor(context)
            self.cursor = context.cursor
        if isinstance(result, dg.SkipReason):
            return [], []
        assert isinstance(result, dg.SensorResult)
        self.cursor = result.cursor
        new = []
        for request in result.dynamic_partitions_requests or []:
            self.instance.add_dynamic_partitions(request.partitions_def_name, list(request.partition_keys))
            new += request.partition_keys
        return new, [request.partition_key for request in result.run_requests or []]


def test_an_empty_lake_gets_a_crawl_and_a_recipe_that_need_nothing(
    instance: dg.DagsterInstance, tmp_path: Path
) -> None:
    looks = Looks(instance, known_partitions, tmp_path)
    assert looks.look() == (["demo", "stdlib"], ["demo"])
    assert looks.look() == ([], [])


def test_recipes_come_as_they_are_written_and_run_as_they_change(instance: dg.DagsterInstance, tmp_path: Path) -> None:
    instance.add_dynamic_partitions("recipes", ["base"])
    looks = Looks(instance, known_partitions, tmp_path)
    assert looks.look() == ([], ["base"])
    (tmp_path / "recipes").mkdir()
    file = tmp_path / "recipes" / "wide.toml"
    file.write_text(WIDE)
    assert looks.look() == (["wide"], ["wide"])
    file.write_text(WIDE + "# a note\n")
    assert looks.look() == ([], [])  # no setting has changed
    file.write_text(WIDE.replace("256", "128"))
    assert looks.look() == ([], ["wide"])
    file.write_text(WIDE.replace("width", "wdth"))
    assert looks.look() == ([], [])  # it cannot be read; the log says why
    assert defs.resolve_sensor_def("known_partitions").default_status is dg.DefaultSensorStatus.RUNNING


def test_what_lies_in_the_watched_folder_becomes_a_crawl_once_it_is_whole(
    instance: dg.DagsterInstance, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    watch, lake = tmp_path / "inbox", tmp_path / "lake"
    (watch / "news").mkdir(parents=True)
    monkeypatch.setenv(WATCH, str(watch))
    monkeypatch.setenv(USED_RECIPES, "base")
    assert Looks(instance, known_partitions, lake).look() == (["base"], ["base"])  # no demo beside what is watched
    looks = Looks(instance, watched_folder)
    assert looks.look() == ([], [])
    file = watch / "one.warc.gz"
    file.write_bytes(b"half")
    (watch / ".two.warc.gz.part").write_bytes(b"x")
    assert looks.look() == ([], [])
    file.write_bytes(b"half and half")
    assert looks.look() == ([], [])  # it is still being written
    assert looks.look() == ([str(file)], [str(file)])
    (watch / "news" / "a.warc").write_bytes(b"a")
    looks.look()
    new, runs = looks.look()
    assert new == [str(watch / "news")] and str(watch / "news") in runs


def test_a_run_is_asked_for_once_and_again_when_the_file_has_changed(
    instance: dg.DagsterInstance, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(WATCH, str(tmp_path))
    file = tmp_path / "one.warc"
    keys = []
    for content in (b"a", b"a", b"a", b"bb", b"bb", b"bb"):
        if not file.exists() or file.read_bytes() != content:
            file.write_bytes(content)
            os.utime(file, (len(content), len(content)))
        with dg.build_sensor_context(
            instance=instance, cursor=keys[-1][0] if keys else None, definitions=defs
        ) as context:
            result = watched_folder(context)
        assert isinstance(result, dg.SensorResult)
        keys.append((result.cursor, {request.run_key for request in result.run_requests or []}))
    asked = [found for _, found in keys]
    assert asked[0] == asked[3] == set()  # as Dagster sees it, equal run keys are one run
    assert asked[1] == asked[2] and asked[4] == asked[5] and asked[1] != asked[4]


def test_a_folder_that_is_gone_is_named(
    instance: dg.DagsterInstance, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(WATCH, str(tmp_path / "nowhere"))
    with pytest.raises(Exception, match="nowhere is no folder: name the folder"):
        Looks(instance, watched_folder).look()


def test_a_new_crawl_of_common_crawl_becomes_a_partition(
    instance: dg.DagsterInstance, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(commoncrawl.BASE_VARIABLE, f"file://{tmp_path}")
    listing = tmp_path / "collinfo.json"
    old = [{"id": "CC-MAIN-2026-05"}, {"id": "CC-MAIN-2012"}]
    listing.write_text(json.dumps(old))
    looks = Looks(instance, new_common_crawls)
    assert looks.look() == ([], [])
    listing.write_text(json.dumps([{"id": "CC-MAIN-2026-09"}, *old]))
    assert looks.look() == (["CC-MAIN-2026-09#1"], ["CC-MAIN-2026-09#1"])
    assert looks.look() == ([], [])
    listing.write_text("<html>")
    with pytest.raises(Exception, match=r"collinfo.json is no list of crawls, but begins with b'<html>'"):
        looks.look()


def test_every_week_each_crawl_is_looked_at_again(tmp_path: Path) -> None:
    with dg.DagsterInstance.local_temp(str(tmp_path)) as instance:
        instance.add_dynamic_partitions("crawls", ["stdlib", "/crawls/one"])
        weeks = [
            list(weekly_crawl(dg.build_schedule_context(instance=instance, scheduled_execution_time=monday)))
            for monday in (datetime(2026, 11, 30, 3, tzinfo=UTC), datetime(2026, 12, 7, 3, tzinfo=UTC))
        ]
    for found in weeks:
        assert {request.partition_key for request in found} == {"stdlib", "/crawls/one"}
    assert not {one.run_key for one in weeks[0]} & {one.run_key for one in weeks[1]}

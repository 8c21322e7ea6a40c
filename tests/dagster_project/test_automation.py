"""What is requested by itself, and what is not: by conditions alone, with nothing computed."""

from __future__ import annotations

from collections.abc import Iterator

import dagster as dg
import pytest

from dagster_project.definitions import FINETUNE_ASSETS, RECIPE_ASSETS, defs, signatures
from dagster_project.stage_assets import stage_asset

BY_CRAWL = {"documents", "clean", "trimmed", "signatures"}
BY_RECIPE = {asset.key.to_user_string() for asset in (*RECIPE_ASSETS, *FINETUNE_ASSETS)}
Requested = dict[str, set[str]]
pytestmark = pytest.mark.filterwarnings("ignore:.*include_sources.*")  # of what Dagster's own tester calls


def every(assets: set[str], partition: str) -> Requested:
    return {asset: {partition} for asset in assets}


class Ticks:
    """The automation sensor's ticks on an instance; what it requests is taken to succeed before the next one."""

    def __init__(self, instance: dg.DagsterInstance) -> None:
        self.instance, self.cursor = instance, None
        self.broken: set[str] = set()  # partitions that fail

    def materialize(self, asset: str, partition: str) -> None:
        key = dg.AssetKey(asset.split("/"))
        self.instance.report_runless_asset_event(dg.AssetMaterialization(key, partition=partition))

    def tick(self, definitions: dg.Definitions = defs) -> Requested:
        result = dg.evaluate_automation_conditions(definitions, self.instance, cursor=self.cursor)
        self.cursor = result.cursor
        found = {}
        for key in definitions.resolve_asset_graph().get_all_asset_keys():
            if partitions := result.get_requested_partitions(key):
                found[key.to_user_string()] = {str(one) for one in partitions}
        for asset, partitions in found.items():
            for partition in partitions - self.broken:
                self.materialize(asset, partition)
        return found

    def until_quiet(self) -> list[Requested]:
        found = []
        while requested := self.tick():
            assert len(found) < 5, requested
            found.append(requested)
        return found


@pytest.fixture
def ticks() -> Iterator[Ticks]:
    """A recipe and a crawl, computed up to the report."""
    with dg.DagsterInstance.ephemeral() as instance:
        instance.add_dynamic_partitions("recipes", ["base"])
        ticks = Ticks(instance)
        assert ticks.tick() == {}  # nothing is there yet
        ticks.materialize("recipe", "base")
        instance.add_dynamic_partitions("crawls", ["/one"])
        ticks.materialize("crawl", "/one")
        first, second = ticks.until_quiet()
        assert first == every(BY_CRAWL, "/one|base")
        assert second == every(BY_RECIPE, "base")
        yield ticks


def test_a_new_crawl_is_cleaned_and_the_recipe_computed_anew(ticks: Ticks) -> None:
    ticks.instance.add_dynamic_partitions("crawls", ["/two"])
    ticks.materialize("crawl", "/two")
    first, second = ticks.until_quiet()
    assert first == every(BY_CRAWL, "/two|base")
    assert second == every(BY_RECIPE, "base")


def test_a_crawl_that_cannot_be_read_holds_up_none_of_the_others(ticks: Ticks) -> None:
    ticks.broken = {"/broken"}
    ticks.instance.add_dynamic_partitions("crawls", ["/broken", "/three"])
    assert ticks.until_quiet() == [
        {"crawl": {"/broken", "/three"}},
        every(BY_CRAWL, "/three|base"),
        every(BY_RECIPE, "base"),
    ]


def test_a_changed_recipe_reaches_all_that_it_configures_and_no_other_recipe(ticks: Ticks) -> None:
    ticks.instance.add_dynamic_partitions("recipes", ["wide"])
    ticks.materialize("recipe", "wide")
    assert ticks.until_quiet() == [
        every(BY_CRAWL, "/one|wide"),
        every(BY_RECIPE, "wide"),
    ]
    ticks.materialize("recipe", "base")
    assert {partition for tick in ticks.until_quiet() for some in tick.values() for partition in some} == {
        "/one|base",
        "base",
    }


def test_a_benchmark_is_looked_for_in_the_documents_and_asked(ticks: Ticks) -> None:
    ticks.instance.add_dynamic_partitions("benchmarks", ["copa"])
    ticks.materialize("benchmark", "copa")
    found = ticks.until_quiet()
    assert found[0]["contamination"] == {"base"} and "unique" not in found[0]
    assert {"copa|base"} in [tick.get("benchmark_score") for tick in found]


def test_changed_code_is_followed_and_nothing_before_it(ticks: Ticks) -> None:
    rest = [asset for asset in defs.assets or [] if asset is not signatures]

    @stage_asset("signatures", group="documents", kinds={"parquet"}, version=99)
    def other() -> None: ...

    found = ticks.tick(dg.Definitions(assets=[*rest, other], resources=defs.resources))
    assert found == {"signatures": {"/one|base"}}

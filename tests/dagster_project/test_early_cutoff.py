"""A change that changes nothing stops where it changes nothing: what comes after is found, not computed."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from graphs import SMALL, Graph

from corpus.lake.current import RecipeLake, open_recipe, recipes_of
from corpus.lake.store import Lake
from corpus.lineage.graph import sources
from dagster_project.definitions import RECIPE_ASSETS, clean, signatures, trimmed
from dagster_project.lineage import content_before, datasets_of, latest
from dagster_project.partitions import crawl_recipe_key
from recipes import named
from recipes.named import Recipe

BY_CRAWL = ("clean", "signatures")
BY_RECIPE = ("unique", "split", "items", "tokenizer", "tokens", "shards", "checkpoint", "scores/last_word")


def with_bound(rule: str, factor: float) -> Recipe:
    """The small recipe with one bound of a rule moved."""
    rules = tuple(replace(one, minimum=one.minimum * factor) if one.name == rule else one for one in SMALL.clean.rules)
    assert rules != SMALL.clean.rules
    return replace(SMALL, clean=replace(SMALL.clean, rules=rules))


def shown(graph: Graph, asset: str) -> dict[str, Any]:
    partition = str(crawl_recipe_key(graph.key, "base")) if asset in BY_CRAWL else "base"
    metadata = latest(graph.instance, asset, partition)
    assert metadata is not None, asset
    return metadata


@pytest.fixture
def own(graph: Graph, tmp_path: Path) -> Iterator[Graph]:
    """A graph that is materialized, with a lake and a history that no other test reads."""
    shutil.copytree(graph.lake.root, tmp_path / "lake")
    with dg.DagsterInstance.ephemeral() as instance:
        instance.add_dynamic_partitions("crawls", [graph.key])
        instance.add_dynamic_partitions("recipes", ["base"])
        copied = Graph(instance=instance, lake=Lake(str(tmp_path / "lake")), key=graph.key)
        copied.materialize_all()
        yield copied


def materialize(graph: Graph, patch: pytest.MonkeyPatch, recipe: Recipe) -> None:
    patch.setitem(named.RECIPES, "base", recipe)
    assert graph.materialize([clean, trimmed, signatures], crawl_recipe_key(graph.key, "base")).success
    assert graph.materialize(RECIPE_ASSETS, "base").success


def test_a_loosened_rule_that_drops_the_same_pages_computes_nothing_after_clean(
    own: Graph, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = {asset: shown(own, asset) for asset in (*BY_CRAWL, *BY_RECIPE)}
    with monkeypatch.context() as patch:
        materialize(own, patch, with_bound("gopher_words", 0.99))
        after = {asset: shown(own, asset) for asset in before}
    assert after["clean"]["reused"] is False and after["clean"]["datasets"] != before["clean"]["datasets"]
    for asset in before:
        assert after[asset]["content"] == before[asset]["content"], asset
        if asset != "clean":
            assert after[asset]["reused"] is True, asset
            assert after[asset]["datasets"] == before[asset]["datasets"], asset
    event = own.instance.get_latest_materialization_event(clean.key)
    assert event is not None and event.asset_materialization is not None
    assert (event.asset_materialization.tags or {})["dagster/data_version"] == before["clean"]["content"]
    assert content_before(own.instance, event.asset_materialization, event.run_id) == before["clean"]["content"]


def test_a_trace_goes_by_the_recipes_own_datasets(own: Graph, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two datasets of one content: what comes after was made of the first, and the recipe's is the second."""
    with monkeypatch.context() as patch:
        materialize(own, patch, with_bound("gopher_words", 0.98))
        [loosened] = datasets_of(own.lake, shown(own, "clean"))
        [unique] = datasets_of(own.lake, shown(own, "unique"))
        assert sources(open_recipe(own.lake.url, "base"), unique, "clean") == [loosened]
        assert sources(own.lake, unique, "clean") != [loosened]
        ledger = [row for table in own.lake.read(loosened, "ledger") for row in table.to_pylist()]
        assert any(rule["threshold"] == 50 * 0.98 for row in ledger for rule in row["rules"])


def test_one_page_less_computes_exactly_what_reads_it(own: Graph, monkeypatch: pytest.MonkeyPatch) -> None:
    before = {asset: shown(own, asset) for asset in (*BY_CRAWL, *BY_RECIPE)}
    shortest = min(
        number
        for dataset in datasets_of(own.lake, before["clean"])
        for measures in sources(own.lake, dataset, "measures")
        for table in own.lake.read(measures, "measures", ["words"])
        for number in table["words"].to_pylist()
        if number >= 50
    )
    with monkeypatch.context() as patch:
        materialize(own, patch, with_bound("gopher_words", (shortest + 1) / 50))
        after = {asset: shown(own, asset) for asset in before}
    assert after["clean"]["kept"] == before["clean"]["kept"] - 1
    assert not [asset for asset in (*BY_CRAWL, "unique", "split") if after[asset]["reused"]]
    assert len(list(own.lake.datasets("measures"))) == 1, "a threshold measures nothing again"


def test_a_recipe_is_known_by_its_own_name(graph: Graph) -> None:
    assert recipes_of(graph.lake) == ["base"]
    stages = {dataset.stage for dataset in open_recipe(graph.lake.url, "base").datasets()}
    assert stages >= {"crawl", "documents", "measures", "clean", "duplicates", "unique", "checkpoint", "score"}
    with pytest.raises(ValueError, match=r"nothing of a recipe 'bse'; recipes in it: base"):
        open_recipe(graph.lake.url, "bse")
    assert not list(RecipeLake(graph.lake.url, None).datasets("clean")), "what all recipes share is theirs alone"


def test_the_edges_are_what_is_read(graph: Graph) -> None:
    assert graph.instance is not None
    keys = {asset.key: {key.to_user_string() for key in asset.asset_deps[asset.key]} for asset in RECIPE_ASSETS}
    assert keys[dg.AssetKey("checkpoint")] == {"shards", "tokenizer", "split", "recipe"}
    assert keys[dg.AssetKey("unique")] == {"trimmed", "signatures", "recipe"}

"""Settings by the manifests of what was made with them."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import Any

from corpus.cards.facts import Setting
from corpus.lake.manifest import Counts, Manifest
from corpus.lake.stage import json_values
from recipes.named import base, documentation, trimmed
from recipes.recorded import changed_settings


def manifest(stage: str, config: Any) -> Manifest:
    return Manifest(
        stage=stage,
        partition="crawl",
        code_version="1",
        config=json_values(asdict(config)),
        inputs={},
        files=(),
        counts=Counts(records_in=0, kept=0),
    )


def test_a_dataset_of_base_differs_in_nothing() -> None:
    recipe = base()
    made = {"documents": recipe.ingest, "clean": recipe.clean, "signatures": recipe.duplicates.signing()}
    made |= {"split": recipe.heldout, "tokenizer": recipe.vocabulary, "shards": recipe.shards}
    assert changed_settings([manifest(stage, config) for stage, config in made.items()]) == []


def test_a_changed_bound_of_a_rule_is_named_as_in_a_recipe() -> None:
    found = changed_settings([manifest("clean", documentation().clean)])
    assert Setting(name="clean.rules.duplicate_lines.maximum", value="0.8", base="0.5") in found
    assert len(found) == 6


def test_two_crawls_with_one_setting_name_it_once() -> None:
    config = replace(base().heldout, share=0.1)
    assert changed_settings([manifest("split", config), manifest("split", config)]) == [
        Setting(name="heldout.share", value="0.1", base="0.05")
    ]


def test_a_stage_that_base_leaves_out_differs_in_all_of_its_settings() -> None:
    found = {one.name: one.base for one in changed_settings([manifest("repeats", trimmed().trim)])}
    assert found["trim.lines.documents"] == "none"


def test_a_higher_threshold_of_duplicates_is_found() -> None:
    config = {"threshold": 0.9, "measure": "jaccard", "same_url": "keep", "earlier": ["a"]}
    made = replace(manifest("split", base().heldout), stage="duplicates", config=config)
    assert [one.name for one in changed_settings([made])] == ["duplicates.threshold"]

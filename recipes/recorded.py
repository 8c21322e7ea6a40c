"""Recorded: the settings that datasets were made with, by their manifests, where the recipe `base` has others.

A recipe's file may have been changed since, or be gone; a manifest is neither.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import asdict
from typing import Any

from corpus.cards.facts import Setting
from corpus.lake import stages
from corpus.lake.manifest import Manifest
from corpus.lake.stage import json_values
from recipes.named import Recipe, base
from recipes.values import flat_settings, show

# The stages whose configuration is a part of a recipe, or is made of one -> the part. The shape and the plan of a model
# are in its card whole.
PARTS = {
    stages.DOCUMENTS: "ingest",
    stages.CLEAN: "clean",
    stages.REPEATS: "trim",
    stages.SIGNATURES: "duplicates",
    stages.DUPLICATES: "duplicates",
    stages.SPLIT: "heldout",
    stages.TOKENIZER: "vocabulary",
    stages.SHARDS: "shards",
}


def changed_settings(manifests: Iterable[Manifest]) -> list[Setting]:
    """In the order of the stages, each value once however many crawls have it."""
    found = {setting: None for one in manifests if one.stage in PARTS for setting in _changed(one, base())}
    return list(found)


def _changed(manifest: Manifest, recipe: Recipe) -> Iterator[Setting]:
    ordinary = dict(flat_settings(_base_values(manifest.stage, recipe)))
    for name, value in flat_settings(manifest.config):
        if name != "earlier" and (name not in ordinary or ordinary[name] != value):  # which crawls came before
            shown = show(ordinary[name]) if ordinary.get(name) is not None else "none"
            yield Setting(
                name=f"{PARTS[manifest.stage]}.{name}", value=show(value) if value is not None else "none", base=shown
            )


def _base_values(stage: str, recipe: Recipe) -> dict[str, Any]:
    """What the stage's manifest has as its configuration under a recipe."""
    duplicates = recipe.duplicates
    if stage == stages.DUPLICATES:
        measured = {"threshold": duplicates.threshold, "measure": duplicates.measure, "same_url": duplicates.same_url}
        return {**measured, "agreeing": duplicates.min_shared_bands()}
    config = duplicates.signing() if stage == stages.SIGNATURES else getattr(recipe, PARTS[stage])
    values: dict[str, Any] = json_values(asdict(config)) if config is not None else {}
    return values

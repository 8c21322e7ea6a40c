"""Current: which dataset a recipe's stage stands for now, so that whoever asks about a recipe reads its own.

    <lake>/current/<recipe>/<stage>/<partition>.json     {"address": ...}, replaced in one step
    <lake>/current/_/...                                 of stages that all recipes share: crawl, benchmark

Datasets of different recipes may have one content, and then what comes after them is one dataset, with the recipe that
was first in its manifest. What a recipe's own datasets are stands here.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from typing import Any
from urllib.parse import quote, unquote

from corpus.lake.manifest import Manifest
from corpus.lake.stages import crawls_of
from corpus.lake.store import Lake

FOLDER, SHARED = "current", "_"


def recipes_of(lake: Lake) -> list[str]:
    """The recipes of which something was computed."""
    return sorted(set(lake.names(lake.path(FOLDER))) - {SHARED})


def _path(lake: Lake, recipe: str | None, stage: str, partition: str) -> str:
    return lake.path(FOLDER, recipe or SHARED, stage, quote(partition, safe="") + ".json")


class RecipeLake(Lake):
    """A lake as one recipe sees it: `datasets` are those that the recipe stands for now, with those of stages that all
    recipes share, and no others; where an older lake has both, the recipe's own. What a stage publishes or finds
    through it becomes the recipe's. Without a recipe, it is the view of the stages that all share."""

    def __init__(self, url: str, recipe: str | None) -> None:
        super().__init__(url)
        self.recipe = recipe

    def __reduce__(self) -> tuple[type[Lake], tuple[Any, ...]]:
        return RecipeLake, (self.url, self.recipe)

    def record(self, manifest: Manifest) -> None:
        path = _path(self, self.recipe, manifest.stage, manifest.partition)
        self.write(path, json.dumps({"address": manifest.address}).encode())

    def leave_out(self, stage: str, partition: str) -> None:
        """For a stage that the recipe no longer has."""
        path = _path(self, self.recipe, stage, partition)
        if self.fs.exists(path):
            self.fs.rm(path)

    def of_crawls(self, stage: str, crawls: Collection[str]) -> Manifest:
        """The dataset of a stage that was made of these crawls together."""
        [found] = [one for one in self.datasets(stage) if set(crawls_of(one.partition)) == set(crawls)]
        return found

    def addresses(self, stage: str | None = None) -> Iterator[tuple[str, str, str]]:
        """(stage, partition, address) of each of `datasets`, whether or not its manifest can be read."""
        pointers: dict[str, tuple[str, str]] = {}  # path -> stage, partition
        for recipe in (None, *([self.recipe] if self.recipe else [])):
            folder = self.path(FOLDER, recipe or SHARED)
            for name in [stage] if stage else self.names(folder):
                for file in self.names(f"{folder}/{name}"):
                    pointers[f"{folder}/{name}/{file}"] = name, unquote(file.removesuffix(".json"))
        found: dict[str, tuple[str, str, str]] = {}  # path of the manifest -> the dataset
        for path, data in self.read_files(list(pointers)).items():
            name, partition = pointers[path]
            address = json.loads(data)["address"]
            found[self.path(name, address, "manifest.json")] = name, partition, address
        latest = {found[path][:2]: found[path] for path in self.existing(list(found))}  # the recipe's own come last
        yield from sorted(latest.values())

    def datasets(self, stage: str | None = None) -> Iterator[Manifest]:
        """By stage, partition and address."""
        return (self.get(name, address) for name, _, address in self.addresses(stage))


def open_recipe(url: str, recipe: str) -> RecipeLake:
    """The lake as a recipe sees it. Raises ValueError, with the recipes in it, when it has nothing of this one."""
    lake = RecipeLake(url, recipe)
    known = recipes_of(lake)
    if recipe not in known:
        there = ", ".join(known) or "none yet"
        raise ValueError(f"the lake {lake.url} holds nothing of a recipe {recipe!r}; recipes in it: {there}")
    return lake

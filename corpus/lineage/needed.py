"""Needed: the datasets that recipes stand for now, those that their reports tell of, and what these were made of."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from corpus.lake.current import RecipeLake, recipes_of
from corpus.lake.manifest import Manifest
from corpus.lake.stages import CRAWL, DOCUMENTS, STAGES
from corpus.lake.store import Lake
from corpus.lineage.graph import source_datasets

REPORT = "report"


def find_unneeded(lake: Lake) -> list[Manifest]:
    """The datasets that may go, downstream first, so that none is ever there without what it was made of.

    Raises ValueError for a lake in which no recipe was run: its datasets are not known to be of any use to anybody."""
    recipes = recipes_of(lake)
    if not recipes:
        raise ValueError(
            f"no recipe was ever run in the lake {lake.url}, so nothing tells which of its datasets are needed: "
            f"delete the folders STAGE/ADDRESS that you do not want"
        )
    needed: set[tuple[str, str]] = set()
    for recipe in (None, *recipes):
        _add_needed(RecipeLake(lake.url, recipe), needed)
    order = list(STAGES)
    unneeded = [one for one in lake.datasets() if (one.stage, one.address) not in needed]
    return sorted(unneeded, key=lambda one: (-order.index(one.stage), one.partition, one.address))


def _add_needed(view: RecipeLake, needed: set[tuple[str, str]]) -> None:
    ahead = [*view.datasets(), *_reported(view)]
    seen: set[tuple[str, str]] = set()
    while ahead:
        manifest = ahead.pop()
        key = manifest.stage, manifest.address
        if key not in seen:
            seen.add(key)
            ahead += source_datasets(view, manifest).values()
            if manifest.stage == DOCUMENTS:
                ahead += _crawl_of(view, manifest)
    needed |= seen


def _reported(view: RecipeLake) -> Iterator[Manifest]:
    path = view.path(REPORT, view.recipe or "", "report.json")
    if view.recipe and view.fs.exists(path):
        for stage in json.loads(view.fs.cat_file(path))["stages"]:
            found = view.find(stage["stage"], stage["address"])
            if found is not None:
                yield found


def _crawl_of(view: RecipeLake, documents: Manifest) -> Iterator[Manifest]:
    """The crawl whose files they were read from, by their digests: a record is read again there."""
    for crawl in Lake(view.url).datasets(CRAWL):
        files = {Path(entry.path).name: entry.sha256 for entry in crawl.files} or dict(crawl.inputs)
        if crawl.partition == documents.partition and files == documents.inputs:
            yield crawl

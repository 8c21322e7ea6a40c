"""Rebuilt recipe: what of a recipe is computed again in another lake, what is read for that, and how."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from corpus.lake.current import RecipeLake
from corpus.lake.stages import (
    BENCHMARK,
    CONTAMINATION,
    CRAWL,
    DOCUMENTS,
    SCORE,
    SHARDS,
    SPLIT,
    TEXT_INDEX,
    crawls_of,
    upstream_of,
)
from dagster_project.lineage import asset_of
from dagster_project.partitions import BUILT_IN
from headwater.graph_run import GraphRun
from headwater.rebuilding.files import link_files
from pipelines.engine import Engine
from pipelines.text_index import index_text

Made = dict[tuple[str, str], list[str]]  # (stage, partition) -> addresses, the last one made last


@dataclass(frozen=True, order=True, kw_only=True)
class Place:
    """Of a published dataset."""

    stage: str
    partition: str
    address: str

    @property
    def crawls(self) -> frozenset[str]:
        """Those that it was made of: a score's partition has its task before them."""
        return frozenset(crawls_of(self.partition.rpartition(":")[2]))


@dataclass(frozen=True, kw_only=True)
class RebuiltRecipe:
    """`there`: the datasets that the recipe stands for, of which `wanted` are computed again and `read` are linked."""

    view: RecipeLake
    there: tuple[Place, ...]
    wanted: tuple[Place, ...]
    read: tuple[Place, ...]

    @property
    def name(self) -> str:
        assert self.view.recipe is not None
        return self.view.recipe

    def folder(self, place: Place) -> Path:
        return Path(self.view.path(place.stage, place.address))

    def link(self, root: Path) -> None:
        """Puts what is read into the new lake, and the recipes' own files."""
        recipes = Path(self.view.path("recipes"))
        if recipes.is_dir():
            shutil.copytree(recipes, root / "recipes", dirs_exist_ok=True)
        for place in self.read:
            if not (root / place.stage / place.address).exists():  # another recipe may read it too
                link_files(self.folder(place), root / place.stage / place.address)

    def compute(self, root: Path, *, quiet: bool) -> Made:
        """Runs the recipe in the new lake. Returns what it came to there. Raises as GraphRun."""
        shutil.rmtree(root / "dagster", ignore_errors=True)  # benchmarks of another recipe's history would be taken up
        lake, engine = RecipeLake(str(root), self.name), Engine()
        run = GraphRun(lake, engine, self.name, quiet)
        made: Made = {}
        tasks = self._benchmarks_read()
        for crawls, places in self._by_crawls():
            assets = {asset_of(place.stage, place.partition) for place in places}
            run.run_until([self._crawl_key(crawl) for crawl in sorted(crawls)], self._paths(tasks), assets)
            for place in places:
                if place.stage == TEXT_INDEX:
                    [shards] = [one for one in lake.datasets(SHARDS) if one.partition == place.partition]
                    index_text(lake, shards, engine)
            _add(made, lake)
        for place in self.wanted:
            if place.stage == BENCHMARK and (place.stage, place.partition) not in made:
                run.run_until([], self._paths([place.partition]), [asset_of(place.stage, place.partition)])
        _add(made, lake)
        return made

    def _by_crawls(self) -> Iterator[tuple[frozenset[str], list[Place]]]:
        """What is wanted, by the crawls that it was made of together: a recipe may have taken several such sets, and a
        dataset of fewer crawls is part of the smallest that has them."""
        sets = {place.crawls for place in self.there if place.stage == SPLIT}
        alone = _crawls(self.there).difference(*sets)
        order = sorted(sets | ({alone} if alone else set()), key=lambda crawls: (len(crawls), sorted(crawls)))
        wanted = [place for place in self.wanted if place.stage != BENCHMARK]
        for number, crawls in enumerate(order):
            before = order[:number]
            places = [
                place for place in wanted if place.crawls <= crawls and not any(place.crawls <= one for one in before)
            ]
            if places:
                yield crawls, places

    def _crawl_key(self, crawl: str) -> str:
        return crawl if crawl in BUILT_IN else str(self._noted(CRAWL, crawl, "url"))

    def _benchmarks_read(self) -> list[str]:
        """Those that the documents were compared with or the models asked: no others may be in the new lake."""
        manifests = [manifest for stage in (CONTAMINATION, SCORE) for manifest in self.view.datasets(stage)]
        names = {name for manifest in manifests for name in manifest.sources}
        return sorted(name.removeprefix(f"{BENCHMARK}/") for name in names if name.startswith(f"{BENCHMARK}/"))

    def _paths(self, tasks: Sequence[str]) -> dict[str, Path]:
        """The file of each benchmark, or the folder of its files."""
        found = {}
        for task in tasks:
            (name, path), *more = self._noted(BENCHMARK, task, "files").items()
            alone = Path(path).name == name and not more
            found[task] = Path(path) if alone else Path(path).parents[name.count("/")]
        return found

    def _noted(self, stage: str, partition: str, what: str) -> Any:
        """Where a dataset's own files came from is in no manifest, but beside it."""
        for place in self.there:
            if (place.stage, place.partition) == (stage, partition):
                path = self.folder(place) / "run.json"
                if path.exists() and what in (noted := json.loads(path.read_bytes())):
                    return noted[what]
        raise ValueError(
            f"{stage}/{partition}: its run.json in the lake {self.view.url}, which says where its files are, is gone: "
            f"remove the folder of the dataset, and run the command that made it"
        )


def choose(view: RecipeLake, stage: str | None) -> RebuiltRecipe:
    """What is computed again of a recipe, all or one stage, and what is read for that. Everything begins with crawls,
    which are computed again only where they are asked for."""
    there = [Place(stage=name, partition=part, address=address) for name, part, address in view.addresses()]
    crawls = _crawls(there)
    there = [place for place in there if place.stage != CRAWL or place.crawls <= crawls]
    wanted = [place for place in there if (place.stage == stage if stage else place.stage != CRAWL)]
    reads = upstream_of(stage) if stage else (CRAWL,)
    read = [place for place in there if place.stage in reads and place not in wanted]
    return RebuiltRecipe(view=view, there=tuple(there), wanted=tuple(wanted), read=tuple(read))


def _crawls(places: Sequence[Place]) -> frozenset[str]:
    """All that a recipe has read: the lake may have others."""
    return frozenset().union(*(place.crawls for place in places if place.stage == DOCUMENTS))


def _add(made: Made, lake: RecipeLake) -> None:
    for stage, partition, address in lake.addresses():
        addresses = made.setdefault((stage, partition), [])
        if address not in addresses:
            addresses.append(address)

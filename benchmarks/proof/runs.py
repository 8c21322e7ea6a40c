"""Runs: an arm in one seed, from its crawl to its scores, in the lake of all arms. What was begun goes on: every
dataset of a lake is computed once, and a training run that was stopped continues from its newest checkpoint."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dagster as dg
import yaml

from benchmarks.proof.arms import AS_IS, BASE, Arm
from benchmarks.proof.stored import Run, run_name, scores_of
from corpus.contamination.policy import CONTAMINATED
from corpus.lake.current import RecipeLake
from corpus.lake.stages import CHECKPOINT, SCORE, SHARDS, SPLIT, TOKENIZER
from corpus.lake.store import Lake
from dagster_project.instance import CONFIGURATION, HOME, LAKE, SETTINGS
from dagster_project.lineage import BENCHMARK_SCORE
from headwater.actions import fit_selection
from headwater.comparison.sides import read_score
from headwater.crawl_keys import resolve_crawls
from headwater.graph_run import GraphRun
from pipelines.engine import Engine
from recipes.files import find_recipe, path_of, recipe_names, write_recipe
from recipes.values import join_settings

NEUTRAL, VOCABULARY = "neutral", 4_096
MODEL = "like-people.npz"  # of selection


@dataclass(frozen=True, kw_only=True)
class Budget:
    """The same for all arms."""

    tokens: int = 800_000
    learning_rate: float = 8e-3

    def run_name(self, arm: Arm, seed: int) -> str:
        return run_name(arm.name, self.tokens, self.learning_rate, seed)

    def training(self, seed: int) -> dict[str, Any]:
        """One thread a run, so that as many runs as there are cores go on beside each other."""
        return {
            "tokens": self.tokens,
            "learning_rate": self.learning_rate,
            "seed": seed,
            "threads": 1,
            "global_batch": 8,
            "micro_batch": 8,
            "eval_every": 500,
            "checkpoint_every": 100,
            "along": 0,
        }


@dataclass(frozen=True, kw_only=True)
class Place:
    """`inputs`: their folder; `lake`: where all arms of a language are."""

    inputs: Path
    lake: Lake

    @property
    def benchmarks(self) -> dict[str, Path]:
        questions = self.inputs / "questions"
        named = {path.name: path for path in sorted(questions.iterdir())} if questions.is_dir() else {}
        return {"texts": self.inputs / "texts", **named}

    def crawl(self, arm: Arm) -> list[str]:
        return resolve_crawls([str(self.inputs / arm.crawl)])


def let_train_together(place: Place, runs: int) -> None:
    """So many of this process and its children at a time. A lake by itself lets one train, with all cores."""
    home = place.inputs.parent / "dagster"
    home.mkdir(parents=True, exist_ok=True)
    settings = yaml.safe_load(SETTINGS)
    settings["concurrency"]["pools"]["default_limit"] = runs
    (home / CONFIGURATION).write_text(yaml.safe_dump(settings))
    os.environ[HOME], os.environ[LAKE] = str(home), place.lake.url


def train_tokenizer(place: Place) -> Path:
    """On the neutral text."""
    _write(place.lake, NEUTRAL, join_settings([AS_IS, {"vocabulary": {"size": VOCABULARY}}]))
    keys = resolve_crawls([str(place.inputs / NEUTRAL)])
    GraphRun(place.lake, Engine(), NEUTRAL, quiet=True).run_until(keys, {}, {dg.AssetKey(TOKENIZER)})
    [manifest] = RecipeLake(place.lake.url, NEUTRAL).datasets(TOKENIZER)
    return Path(place.lake.folder(manifest)) / "tokenizer" / "tokenizer.json"


def prepare(place: Place, arm: Arm, budget: Budget, seed: int, tokenizer: Path) -> str:
    """Writes the recipe of a run. Returns its name."""
    settings = {
        "vocabulary": {"path": str(tokenizer)},
        "heldout": {"share": 0.0},
        "training": budget.training(seed),
    }
    selected = {"model": str(place.inputs / MODEL), "by": arm.selected_by}
    selection = {"clean": {"selection": selected}} if arm.selected_by else {}
    name = budget.run_name(arm, seed)
    _write(place.lake, name, join_settings([settings, arm.changes, selection]))
    return name


def fit_model(place: Place, recipe: str) -> None:
    """Of selection: the neutral text beside the documents of a recipe."""
    references = [str(place.inputs / NEUTRAL)]
    fit_selection(references, place.inputs / MODEL, recipe=recipe, lake=place.lake.url)


def prepare_data(place: Place, arm: Arm, budget: Budget, tokenizer: Path) -> str:
    """What an arm's models are trained on. Returns its digest."""
    name = prepare(place, arm, budget, 0, tokenizer)
    shards = dg.AssetKey(SHARDS)
    GraphRun(place.lake, Engine(), name, quiet=True).run_until(place.crawl(arm), place.benchmarks, {shards})
    [manifest] = RecipeLake(place.lake.url, name).datasets(SHARDS)
    return manifest.content()


def run(place: Place, arm: Arm, budget: Budget, seed: int, tokenizer: Path) -> Run:
    """Computes what is missing of it."""
    name = prepare(place, arm, budget, seed, tokenizer)
    graph, last = GraphRun(place.lake, Engine(), name, quiet=True), dg.AssetKey(BENCHMARK_SCORE)
    graph.run_until(place.crawl(arm), place.benchmarks, {last})
    view = RecipeLake(place.lake.url, name)
    [shards], [split], [checkpoint] = (view.datasets(stage) for stage in (SHARDS, SPLIT, CHECKPOINT))
    scores = [one for manifest in view.datasets(SCORE) if (one := read_score(place.lake, manifest))]
    return Run(
        arm=arm.name,
        seed=seed,
        learning_rate=budget.learning_rate,
        tokens=budget.tokens,
        data_tokens=int(shards.figures["train_tokens"]),
        documents=split.counts.kept,
        contaminated=split.counts.dropped.get(CONTAMINATED, 0),
        seconds=place.lake.read_run(checkpoint)["seconds"],
        data=shards.content(),
        checkpoint=checkpoint.content(),
        scores=scores_of({one.task: one for one in scores if one.task in place.benchmarks}),
    )


def _write(lake: Lake, name: str, settings: Mapping[str, Any]) -> None:
    """Anew where its inputs have changed since, such as the tokenizer: no two arms may differ in that."""
    if name in recipe_names(lake):
        if find_recipe(lake, name).changes == settings:
            return
        lake.fs.rm_file(path_of(lake, name))
    write_recipe(lake, name, BASE, settings)

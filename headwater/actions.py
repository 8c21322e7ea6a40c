"""Actions: what the command line computes, from Python: the same work, with dataclasses and Arrow tables in place of
printed lines. Each takes a lake by its path or fsspec URL, and imports what it needs when it is called."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from headwater.logs import divert_stdout
from headwater.options import DEFAULT_LAKE

if TYPE_CHECKING:
    from corpus.lake.store import Lake
    from headwater.ablation.ablation import Ablation
    from headwater.ablation.arms import Design
    from headwater.ablation.forecast import Forecast
    from headwater.forgetting.certificate import Certificate
    from headwater.forgetting.collection import Unneeded
    from headwater.forgetting.findings import Findings
    from headwater.rebuilding.rebuilt import Rebuilt
    from headwater.reports import Report
    from headwater.selection import Fitted
    from headwater.tuning.tuning import Tuning
    from pipelines.engine import Engine
    from training.significance.comparison import Comparison


def run(
    recipe: str = "demo",
    *,
    crawls: Sequence[str] = (),
    lake: str | os.PathLike[str] = DEFAULT_LAKE,
    workers: int | None = None,
) -> Report:
    """From crawls to a model, its scores and a report, as `headwater demo`: what is there already is reused.

    `crawls`: as --crawl takes them, () for the recipe's own. Raises ValueError for what cannot be and RuntimeError when
    a stage fails; what was published before stays."""
    from headwater.crawl_keys import resolve_crawls
    from headwater.graph_run import GraphRun
    from headwater.lake_reader import LakeReader
    from recipes.files import load_recipe

    opened = _lake(lake)
    keys = resolve_crawls(crawls or load_recipe(opened, recipe).crawls)
    with divert_stdout(quiet=True):
        GraphRun(opened, _engine(workers), recipe, quiet=True).run(keys, {})
    return LakeReader(opened.url, recipe).report()


def fit_selection(
    references: Sequence[str],
    out: str | os.PathLike[str],
    *,
    text: str | None = None,
    languages: Sequence[str] = (),
    sample: int = 100_000,
    recipe: str | None = None,
    lake: str | os.PathLike[str] = DEFAULT_LAKE,
) -> Fitted:
    """Writes a model to `out` by which a recipe (`clean.selection.model`) keeps the documents that are most like the
    `references`, as `headwater select`. `text`: the column of the reference texts. Raises ValueError or OSError naming
    what cannot be used."""
    from corpus.sources.rows import Columns
    from headwater import selection
    from headwater.lakes import open_lake

    opened = open_lake(os.fspath(lake), recipe)
    return selection.fit_selection(opened, references, Columns(text=text), languages, sample, Path(out))


def forecast_ablation(
    base: str = "demo",
    settings: Mapping[str, Any] | None = None,
    *,
    drop: Sequence[str] = (),
    without: Sequence[str] = (),
    seeds: int = 3,
    crawls: Sequence[str] = (),
    lake: str | os.PathLike[str] = DEFAULT_LAKE,
) -> Forecast:
    """What `ablate` would compute and reuse, what that costs, and the smallest effects that could be seen. Computes and
    writes nothing."""
    from corpus.sources import crawl_id
    from headwater.ablation.forecast import make_forecast

    design, keys = _design(lake, base, settings or {}, drop, without, seeds, crawls)
    return make_forecast(_lake(lake), design, [crawl_id(key) for key in keys])


def ablate(
    base: str = "demo",
    settings: Mapping[str, Any] | None = None,
    *,
    drop: Sequence[str] = (),
    without: Sequence[str] = (),
    seeds: int = 3,
    crawls: Sequence[str] = (),
    lake: str | os.PathLike[str] = DEFAULT_LAKE,
    workers: int | None = None,
    samples: int = 2,
) -> Ablation:
    """What one change of a recipe does, from documents to scores, paired over items and seeds.

    `settings`: {"clean.rules.duplicate_lines.maximum": 0.4}, by the names that `headwater recipes show` prints; `drop`:
    deduplicate, trim, mask or quality rules; `without`: hosts, as "host:example.org". All of it is one change. Raises
    ValueError where it is none or cannot be, RuntimeError when a stage fails; what was computed stays."""
    from headwater.ablation.ablation import ablate as compute

    design, keys = _design(lake, base, settings or {}, drop, without, seeds, crawls)
    with divert_stdout(quiet=True):
        return compute(_lake(lake), design, keys, _engine(workers), samples, quiet=True)


def tune(
    recipe: str,
    ranges: Mapping[str, str | Sequence[Any]],
    *,
    trials: int = 20,
    method: str = "tpe",
    pruner: str | None = None,
    seeds: int = 3,
    seed: int = 0,
    at_once: int = 1,
    study: str | None = None,
    storage: str | None = None,
    crawls: Sequence[str] = (),
    lake: str | os.PathLike[str] = DEFAULT_LAKE,
    workers: int | None = None,
) -> Tuning:
    """Chooses settings of a recipe by the loss on held-out text, and writes the recipe that is best.

    `ranges`: {"training.learning_rate": "1e-4:1e-2:log", "training.optimizer": ["muon", "adamw"]}, as --set-range has
    them. Raises ValueError for what cannot be, RuntimeError where a stage fails; the same call goes on then."""
    from headwater.crawl_keys import resolve_crawls
    from headwater.tuning.ranges import parse_range
    from headwater.tuning.study import load_optuna
    from headwater.tuning.tuning import Options
    from headwater.tuning.tuning import tune as search
    from recipes.files import load_recipe
    from recipes.values import show

    load_optuna()
    opened = _lake(lake)
    texts = {name: one if isinstance(one, str) else ",".join(map(show, one)) for name, one in ranges.items()}
    options = Options(
        recipe=recipe,
        ranges=tuple(parse_range(f"{name}={text}") for name, text in texts.items()),
        trials=trials,
        method=method,
        pruner=pruner,
        seeds=seeds,
        seed=seed,
        at_once=at_once,
        study=study,
        storage=storage,
    )
    keys = resolve_crawls(crawls or load_recipe(opened, recipe).crawls)
    return search(opened, options, keys, _engine(workers), lambda line: None)


def compare(a: str, b: str, *, lake: str | os.PathLike[str] = DEFAULT_LAKE) -> Comparison:
    """Two sides on what was scored already: recipes of the lake or folders of results, several seeds of a side with
    commas between them. Raises ValueError or FileNotFoundError for a side without scores."""
    from headwater.comparison.sides import compare_sides

    return compare_sides(a, b, _lake(lake))


def find_holdings(name: str, *, lake: str | os.PathLike[str] = DEFAULT_LAKE) -> Findings:
    """What is made of a host, a page or a document, and what making that again without it costs. Changes nothing.

    `name`: example.org, a URL or a doc_id in hex. Raises ValueError for what is none of these."""
    from corpus.optout.removals import parse_removal
    from headwater.forgetting.findings import find_in_lake

    return find_in_lake(_existing(lake), parse_removal(name))


def forget(name: str, *, lake: str | os.PathLike[str] = DEFAULT_LAKE, workers: int | None = None) -> Certificate | None:
    """Puts a host, page or document onto the lake's removal list, computes again what was made of it, and certifies
    that nothing of it is left in the shards. Asks nobody. None where nothing of it was there.

    Raises RuntimeError where something is left, or a stage fails; the same call continues then."""
    from corpus.optout.removals import parse_removal
    from headwater.forgetting import rebuild
    from headwater.forgetting.certificate import write_certificate
    from headwater.forgetting.findings import find_in_lake

    opened, removal = _existing(lake), parse_removal(name)
    findings = find_in_lake(opened, removal)
    with divert_stdout(quiet=True):
        rebuild.forget(opened, findings, _engine(workers), quiet=True)
    return write_certificate(opened, removal) if findings.records else None


def find_unneeded(*, lake: str | os.PathLike[str] = DEFAULT_LAKE) -> list[Unneeded]:
    """What `collect` would delete. Raises RuntimeError while a stage is being computed in the lake."""
    from headwater.forgetting.collection import find_collectable

    return find_collectable(_existing(lake))


def collect(*, lake: str | os.PathLike[str] = DEFAULT_LAKE) -> list[Unneeded]:
    """Deletes the datasets that no recipe needs, and what killed runs left. Returns them. Raises as `find_unneeded`."""
    from headwater.forgetting.collection import collect as delete

    unneeded = find_unneeded(lake=lake)
    delete(_lake(lake), unneeded)
    return unneeded


def rebuild(
    recipe: str | None = None, stage: str | None = None, *, lake: str | os.PathLike[str] = DEFAULT_LAKE
) -> list[Rebuilt]:
    """Computes the datasets of a recipe again in a temporary lake, or those of one stage, and compares every byte.
    Nothing is written in the lake. Raises ValueError where there is no such recipe or dataset."""
    from headwater.rebuilding.rebuilt import rebuild as compute

    with divert_stdout(quiet=True):
        return compute(os.fspath(lake), recipe, stage, quiet=True)


def _existing(url: str | os.PathLike[str]) -> Lake:
    from headwater.lakes import existing_lake

    return existing_lake(os.fspath(url))


def _lake(url: str | os.PathLike[str]) -> Lake:
    from corpus.lake.store import Lake

    return Lake(os.fspath(url))


def _engine(workers: int | None) -> Engine:
    from pipelines.engine import Engine

    return Engine(workers=workers) if workers else Engine()


def _design(
    lake: str | os.PathLike[str],
    base: str,
    settings: Mapping[str, Any],
    drop: Sequence[str],
    without: Sequence[str],
    seeds: int,
    crawls: Sequence[str],
) -> tuple[Design, list[str]]:
    """And the crawls' partition keys."""
    from headwater.ablation.arms import make_design
    from headwater.crawl_keys import resolve_crawls
    from recipes.values import show

    said = [f"{name}={show(value)}" for name, value in settings.items()]
    design = make_design(_lake(lake), base, said, drop, without, seeds)
    return design, resolve_crawls(crawls or design.a[0].recipe.crawls)

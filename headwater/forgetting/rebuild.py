"""Forgetting: a host, page or document goes onto the removal list of a lake, and whatever was made of it is made again.

    removal list -> each recipe that holds it, as far as it had come -> what is still made of it is no recipe's any more

What was computed before stays in the lake until `headwater collect`; no recipe stands for it.
"""

from __future__ import annotations

from dataclasses import dataclass

from corpus.lake.current import RecipeLake, recipes_of
from corpus.lake.stages import CHECKPOINT, SHARDS, crawls_of
from corpus.lake.store import Lake
from corpus.lineage.holdings import ForgottenRecords, Holdings
from corpus.lineage.removals import add_removal
from corpus.optout.removals import Removal, RemovalMatcher
from dagster_project.report_page.recipe_index import write_index
from headwater.comparison.sides import load_report
from headwater.crawl_keys import find_keys
from headwater.forgetting.findings import Findings, RecipeFindings
from headwater.graph_run import GraphRun
from pipelines.engine import Engine
from recipes.files import load_recipe

REPORT, UNTIL_CHECKPOINT, UNTIL_SHARDS, UNTIL_CLEAN = "report", "checkpoint", "shards", "clean"


@dataclass(frozen=True, kw_only=True)
class Rebuild:
    """A recipe to be run on these crawls, by their ids, until its report, checkpoint, shards or clean documents."""

    recipe: str
    until: str
    crawls: tuple[str, ...]


def plan_rebuilds(lake: Lake, findings: Findings) -> list[Rebuild]:
    """Each recipe as far as it had come. Raises ValueError for a recipe that is no longer defined."""
    rebuilds = [rebuild for recipe in findings.recipes for rebuild in _plan(lake, recipe)]
    for rebuild in rebuilds:
        load_recipe(lake, rebuild.recipe)
    return rebuilds


def _plan(lake: Lake, found: RecipeFindings) -> list[Rebuild]:
    report = load_report(lake, found.recipe)
    holding = set(found.crawls)
    if report is not None:
        together = [(REPORT, report["crawls"])]
    else:
        view = RecipeLake(lake.url, found.recipe)
        trained = {one.partition for one in view.datasets(CHECKPOINT)}
        together = [
            (UNTIL_CHECKPOINT if one.partition in trained else UNTIL_SHARDS, crawls_of(one.partition))
            for one in view.datasets(SHARDS)
        ]
    together = [(until, crawls) for until, crawls in together if holding.intersection(crawls)]
    alone = holding.difference(*(crawls for _, crawls in together))
    wanted = [(until, [crawl for crawl in crawls if crawl not in found.emptied]) for until, crawls in together]
    wanted.append((UNTIL_CLEAN, sorted(alone.difference(found.emptied))))
    return [Rebuild(recipe=found.recipe, until=until, crawls=tuple(crawls)) for until, crawls in wanted if crawls]


def forget(lake: Lake, findings: Findings, engine: Engine, quiet: bool = False) -> list[str]:
    """Returns what no recipe stands for any more without anything in its place, such as the shards of crawls that it
    once took together: "recipe stage/partition". Raises as GraphRun does; the entry is on the list then, and the same
    call continues."""
    rebuilds = plan_rebuilds(lake, findings)
    add_removal(lake, findings.removal)
    for rebuild in rebuilds:
        graph, keys = GraphRun(lake, engine, rebuild.recipe, quiet), find_keys(lake, rebuild.crawls)
        if rebuild.until == REPORT:
            graph.run(keys, {})
        elif rebuild.until == UNTIL_CHECKPOINT:
            graph.run_until_checkpoint(keys)
        elif rebuild.until == UNTIL_SHARDS:
            graph.run_until_shards(keys)
        else:
            graph.run_until_clean(keys)
    return _leave_out(lake, findings.removal)


def _leave_out(lake: Lake, removal: Removal) -> list[str]:
    records, left = ForgottenRecords(lake, RemovalMatcher([removal])), []
    for recipe in recipes_of(lake):
        view = RecipeLake(lake.url, recipe)
        affected, report = Holdings(view, records).affected(), load_report(lake, recipe)
        told = {(stage["stage"], stage["address"]) for stage in report["stages"]} if report else set()
        for one in affected:
            view.leave_out(one.stage, one.partition)
            left.append(f"{recipe} {one.name}")
        if not told.isdisjoint((one.stage, one.address) for one in affected):
            lake.fs.rm(lake.path("report", recipe), recursive=True)
            write_index(lake)
            left.append(f"{recipe} report")
    return left

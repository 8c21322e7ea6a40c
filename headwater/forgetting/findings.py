"""Forget findings: what a lake holds of a host, page or document, what was made of it, and what it costs to make that
again without it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from corpus.config import nearest
from corpus.lake.current import RecipeLake, recipes_of
from corpus.lake.manifest import Manifest
from corpus.lake.stages import (
    CHECKPOINT,
    DOCUMENTS,
    LEARNING_CURVE,
    SCORE,
    SHARDS,
    SHRUNK,
    STAGES,
    TEXT_INDEX,
    crawls_of,
)
from corpus.lake.store import Lake
from corpus.lineage.holdings import ForgottenRecords, Holdings
from corpus.lineage.records import Records
from corpus.lineage.removals import list_removals
from corpus.optout.removals import HOST, Removal, RemovalMatcher
from headwater.comparison.sides import load_report
from headwater.forgetting.readers import CheckpointUse, ShardUse, find_readers, find_tars
from headwater.terminal import one_line
from headwater.tracing.page_search import find_page

MAX_URLS = 5
NEVER_REBUILT = (TEXT_INDEX, SHRUNK)  # made when somebody asks for one, an index by the report too: no stage reads them


@dataclass(frozen=True, kw_only=True)
class HeldBy:
    """A dataset, and how many of its records must go."""

    stage: str
    partition: str
    address: str
    records: int


@dataclass(frozen=True, kw_only=True)
class RecipeFindings:
    """What a recipe's current datasets have to do with it. `crawls`: those that it comes with. `holding`: the datasets
    that hold a record. `rebuilt`: the stages that must be computed again -> the seconds that they took, None where that
    is not known. `emptied`: the crawls of which nothing would be left. `scores`, `curves`: partitions. `report`:
    whether it tells of any of that."""

    recipe: str
    crawls: tuple[str, ...]
    holding: tuple[HeldBy, ...]
    shards: tuple[ShardUse, ...]
    checkpoints: tuple[CheckpointUse, ...]
    scores: tuple[str, ...]
    curves: tuple[str, ...]
    report: bool
    rebuilt: Mapping[str, float | None]
    emptied: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Findings:
    """`records`: crawl -> how many records the lake has of it, in whatever recipe, documents and what could not be
    read; `urls`: some of them. `unused`: how many stand only in datasets that no recipe uses now. `similar`: what may
    have been meant where there is nothing. `listed`: on the lake's removal list already. `seconds`: of all recipes,
    what they share once."""

    removal: Removal
    listed: bool
    records: Mapping[str, int]
    urls: tuple[str, ...]
    unused: int
    recipes: tuple[RecipeFindings, ...]
    seconds: float
    similar: str


def find_in_lake(lake: Lake, removal: Removal) -> Findings:
    """Writes nothing."""
    records = ForgottenRecords(lake, RemovalMatcher([removal]))
    found: dict[str, dict[str, str | None]] = {}
    for manifest in lake.datasets(DOCUMENTS):
        if gone := records.of(manifest):
            found.setdefault(manifest.partition, {}).update(gone)
    recipes: list[RecipeFindings] = []
    seconds: dict[tuple[str, str], float] = {}
    used: set[str] = set()
    for recipe in recipes_of(lake):
        view = RecipeLake(lake.url, recipe)
        used |= {doc_id for manifest in view.datasets(DOCUMENTS) for doc_id in records.of(manifest)}
        affected = Holdings(view, records).affected()
        if affected:
            recipes.append(_of_recipe(view, affected, records, found))
            rebuilt = [one for one in affected if one.stage not in NEVER_REBUILT]
            seconds |= {(one.stage, one.address): _seconds(lake, one) or 0.0 for one in rebuilt}
    everywhere = {doc_id: url for gone in found.values() for doc_id, url in gone.items()}
    return Findings(
        removal=removal,
        listed=removal in list_removals(lake),
        records={crawl: len(gone) for crawl, gone in sorted(found.items())},
        urls=tuple(sorted({url for url in everywhere.values() if url})[:MAX_URLS]),
        unused=len(everywhere.keys() - used),
        recipes=tuple(recipes),
        seconds=round(sum(seconds.values()), 1),
        similar="" if found else _similar(lake, removal),
    )


def _of_recipe(
    view: RecipeLake, affected: Sequence[Manifest], records: ForgottenRecords, found: Mapping[str, Collection[str]]
) -> RecipeFindings:
    """`found`: crawl -> doc_ids, in whatever recipe: a run that was stopped may have left some in shards alone."""
    assert view.recipe is not None
    made_of = {crawl for one in affected for crawl in crawls_of(one.partition.rpartition(":")[2])}
    holding = [one for one in affected if records.of(one)]
    ids = {doc_id for doc_ids in found.values() for doc_id in doc_ids}
    shards = [one for one in affected if one.stage == SHARDS]
    report = load_report(view, view.recipe)
    told = {(stage["stage"], stage["address"]) for stage in report["stages"]} if report else set()
    return RecipeFindings(
        recipe=view.recipe,
        crawls=tuple(sorted(made_of.intersection(found))),
        holding=tuple(
            HeldBy(stage=one.stage, partition=one.partition, address=one.address, records=len(records.of(one)))
            for one in holding
        ),
        shards=tuple(use for one in shards for use in find_tars(view, one, ids)),
        checkpoints=tuple(use for one in affected if one.stage == CHECKPOINT for use in find_readers(view, one, ids)),
        scores=tuple(one.partition for one in affected if one.stage == SCORE),
        curves=tuple(one.partition for one in affected if one.stage == LEARNING_CURVE),
        report=not told.isdisjoint((one.stage, one.address) for one in affected),
        rebuilt=_cost(view, affected),
        emptied=tuple(Holdings(view, records).emptied()),
    )


def _cost(lake: Lake, affected: Sequence[Manifest]) -> dict[str, float | None]:
    cost: dict[str, float | None] = {}
    for one in affected:
        if one.stage not in NEVER_REBUILT:
            seconds, before = _seconds(lake, one), cost.get(one.stage, 0.0)
            cost[one.stage] = None if seconds is None or before is None else round(before + seconds, 1)
    return cost


def _seconds(lake: Lake, manifest: Manifest) -> float | None:
    seconds = lake.read_run(manifest).get("seconds")
    return None if seconds is None else float(seconds)


def _similar(lake: Lake, removal: Removal) -> str:
    """What may have been meant, as the end of a sentence, or ""."""
    records = Records(lake)
    if removal.kind == HOST:
        return nearest(removal.value, records.hosts)
    try:
        return f"; did you mean {find_page(records, removal.value)}?"
    except ValueError as error:
        return f": {error}"


def lines(findings: Findings) -> Iterator[str]:
    listed = ", on the removal list already" if findings.listed else ""
    yield f"{one_line(str(findings.removal))}{listed}"
    if not findings.records:
        yield one_line(f"nothing of it is in the lake{findings.similar}")
        return
    for crawl, count in findings.records.items():
        yield f"crawl       {one_line(crawl)}: {count:,} records"
    for url in findings.urls:
        yield f"            {one_line(url)}"
    more = sum(findings.records.values()) - len(findings.urls)
    if more > 0:
        yield f"            and {more:,} more"
    if findings.unused:
        yield f"unused      {findings.unused:,} of them stand only in datasets that no recipe uses now"
    for recipe in findings.recipes:
        yield from _recipe_lines(recipe)
    if findings.recipes:
        yield f"cost        about {findings.seconds:,.0f} s, by what these stages took the last time"


def _recipe_lines(recipe: RecipeFindings) -> Iterator[str]:
    yield f"recipe      {recipe.recipe}"
    by_stage = {one.stage: 0 for one in recipe.holding}
    for one in recipe.holding:
        by_stage[one.stage] += one.records
    held = [f"{stage} {by_stage[stage]:,}" for stage in STAGES if stage in by_stage]
    if held:
        yield f"  documents in {', '.join(held)}"
    for shard in recipe.shards:
        where = f"{len(shard.tars):,} of {shard.all_tars:,} tars of {shard.split}"
        yield f"  shards/{shard.address[:12]}: {shard.documents:,} documents in {where}"
    for model in recipe.checkpoints:
        yield f"  checkpoint/{model.address[:12]}: {model.steps:,} of {model.all_steps:,} steps read one of them"
    if recipe.scores:
        yield f"  scores: {', '.join(name.partition(':')[0] for name in recipe.scores)}"
    if recipe.curves:
        yield f"  learning curves: {len(recipe.curves):,}"
    if recipe.report:
        yield "  report"
    for crawl in recipe.emptied:
        yield f"  nothing else is in the crawl {one_line(crawl)}: the recipe goes on without it"
    took = [f"{stage} {'?' if seconds is None else f'{seconds:,.1f} s'}" for stage, seconds in recipe.rebuilt.items()]
    yield f"  to be computed again: {', '.join(took)}"

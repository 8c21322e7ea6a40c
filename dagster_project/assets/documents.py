"""Documents: from a crawl's records to unique documents, divided into training and held-out pages."""

from typing import Any

import dagster as dg

from dagster_project import checks
from dagster_project.assets.benchmarks import benchmarks, materialized_benchmarks
from dagster_project.assets.crawl import crawl, open_partition
from dagster_project.lineage import ADDRESS, latest, upstream, upstreams
from dagster_project.metadata.contamination import of_contamination
from dagster_project.metadata.duplicates import of_unique
from dagster_project.metadata.funnels import of_clean, of_documents
from dagster_project.metadata.materialized import materialized, passed_on
from dagster_project.partitions import crawl_recipe_key, crawl_recipes, crawls, distinct_ids, recipes
from dagster_project.resources import EngineResource, LakeResource
from pipelines import clean as cleaning
from pipelines import deduplicate, hold_out
from pipelines import trim as trimming
from pipelines.contamination import STAGE as CONTAMINATION
from pipelines.contamination import find_contamination
from pipelines.ingest import ingest
from pipelines.sign import sign
from recipes.named import INGEST, RECIPES

ALL = (checks.CONSERVATION, checks.DIGESTS, checks.NOT_EMPTY)


@dg.asset(
    deps=[crawl],
    partitions_def=crawls,
    group_name="documents",
    check_specs=checks.specs("documents", *ALL, checks.WHOLE),
)
def documents(context: dg.AssetExecutionContext, lake: LakeResource, engine: EngineResource) -> dg.MaterializeResult:
    """The main text of every record, with the place that it came from."""
    opened, key = lake.open(), context.partition_key
    source = open_partition(opened, upstream(context, opened, "crawl"), key)
    outcome = ingest(opened, source, INGEST, engine.open())
    results = [
        checks.conservation(["documents"], outcome.manifest),
        checks.digests(opened, outcome.manifest),
        checks.not_empty(outcome.manifest.counts.kept),
        checks.whole(outcome.manifest),
    ]
    return materialized(opened, outcome, results, extra=of_documents(outcome.manifest))


def _crawl_and_recipe(context: dg.AssetExecutionContext) -> tuple[str, str]:
    key = context.partition_key
    assert isinstance(key, dg.MultiPartitionKey)
    return key.keys_by_dimension["crawl"], key.keys_by_dimension["recipe"]


@dg.asset(
    deps=[documents],
    partitions_def=crawl_recipes,
    group_name="documents",
    check_specs=checks.specs("clean", *ALL, checks.NO_PERSONAL_DATA),
)
def clean(context: dg.AssetExecutionContext, lake: LakeResource, engine: EngineResource) -> dg.MaterializeResult:
    """The documents that pass the recipe's rules, personal data masked; what was measured is kept for all."""
    opened = lake.open()
    key, recipe = _crawl_and_recipe(context)
    source = upstream(context, opened, "documents", key)
    outcome = cleaning.clean(opened, source, RECIPES[recipe].clean, engine.open())
    results = [
        checks.conservation(["documents"], outcome.manifest),
        checks.digests(opened, outcome.manifest),
        checks.no_personal_data(opened, outcome.manifest, RECIPES[recipe].clean.mask),
        checks.not_empty(outcome.manifest.counts.kept),
    ]
    return materialized(opened, outcome, results, extra=of_clean(opened, outcome.manifest, RECIPES[recipe].clean))


@dg.asset(deps=[clean], partitions_def=crawl_recipes, group_name="documents", check_specs=checks.specs("trimmed", *ALL))
def trimmed(context: dg.AssetExecutionContext, lake: LakeResource, engine: EngineResource) -> dg.MaterializeResult:
    """The clean documents without the text that they repeat; under a recipe that cuts nothing out, as they are."""
    opened = lake.open()
    _, recipe = _crawl_and_recipe(context)
    source, config = upstream(context, opened, "clean"), RECIPES[recipe].trim
    outcome = trimming.trim(opened, source, config, engine.open()) if config is not None else None
    manifest = outcome.manifest if outcome is not None else source
    results = [
        checks.conservation(["documents"], manifest),
        checks.digests(opened, manifest),
        checks.not_empty(manifest.counts.kept),
    ]
    return materialized(opened, outcome, results) if outcome is not None else passed_on(source, results)


@dg.asset(
    deps=[trimmed],
    partitions_def=crawl_recipes,
    group_name="documents",
    check_specs=checks.specs("signatures", checks.DIGESTS, checks.NOT_EMPTY),
)
def signatures(context: dg.AssetExecutionContext, lake: LakeResource, engine: EngineResource) -> dg.MaterializeResult:
    """MinHash bands and text digests of a crawl's clean documents."""
    opened = lake.open()
    _, recipe = _crawl_and_recipe(context)
    source = upstream(context, opened, "trimmed")
    outcome = sign(opened, source, RECIPES[recipe].duplicates.signing(), engine.open())
    kept = outcome.manifest.counts.kept
    results = [checks.digests(opened, outcome.manifest), checks.not_empty(kept)]
    extra = {"dagster/row_count": kept}  # the index has a row of each document once more for every band
    return materialized(opened, outcome, results, extra=extra)


class CrawlsConfig(dg.Config):
    """Which crawls a recipe takes together; none named means every crawl that is clean under it."""

    crawls: list[str] = []


@dg.asset(deps=[signatures], partitions_def=recipes, group_name="documents", check_specs=checks.specs("unique", *ALL))
def unique(
    context: dg.AssetExecutionContext, config: CrawlsConfig, lake: LakeResource, engine: EngineResource
) -> dg.MaterializeResult:
    """The survivors of all crawls, a dataset each: exact duplicates go, then near ones, each for one that stays. What
    an earlier crawl kept stays when another is added."""
    opened, recipe = lake.open(), context.partition_key
    keys = config.crawls or [
        key
        for key in context.instance.get_dynamic_partitions(str(crawls.name))
        if latest(context.instance, "clean", str(crawl_recipe_key(key, recipe)))
    ]
    distinct_ids(keys)
    if not keys:
        raise dg.Failure(f"no crawl is clean under the recipe {recipe}: add a crawl and materialize it up to `clean`")
    sources = [upstream(context, opened, "trimmed", str(crawl_recipe_key(key, recipe))) for key in keys]
    outcomes = deduplicate.deduplicate(opened, sources, RECIPES[recipe].duplicates, engine.open())
    manifests = [outcome.manifest for outcome in outcomes]
    results = [
        checks.conservation(["documents"], *manifests),
        checks.digests(opened, *manifests),
        checks.not_empty(sum(manifest.counts.kept for manifest in manifests)),
    ]
    extra = {"crawls": sorted(keys), **of_unique(opened, manifests, RECIPES[recipe].duplicates)}
    return materialized(opened, outcomes, results, extra=extra)


@dg.asset(
    deps=[unique, *benchmarks],
    partitions_def=recipes,
    group_name="documents",
    check_specs=checks.specs(CONTAMINATION, checks.DIGESTS),
)
def contamination(
    context: dg.AssetExecutionContext, lake: LakeResource, engine: EngineResource
) -> dg.MaterializeResult:
    """Where items of the benchmarks stand in the unique documents, a dataset a crawl; none while there is no benchmark.
    Every benchmark that has been materialized is compared with."""
    opened = lake.open()
    found = materialized_benchmarks(context.instance, opened)
    if not found:
        metadata: dict[str, Any] = {"stage": CONTAMINATION, ADDRESS: "", "benchmarks": 0}
        return dg.MaterializeResult(
            metadata=metadata, data_version=dg.DataVersion("no benchmark"), check_results=[checks.digests(opened)]
        )
    config = RECIPES[context.partition_key].contamination
    sources = upstreams(context, opened, "unique")
    outcomes = [find_contamination(opened, source, found, config, engine.open()) for source in sources]
    manifests = [outcome.manifest for outcome in outcomes]
    extra = of_contamination(opened, manifests)
    return materialized(opened, outcomes, [checks.digests(opened, *manifests)], extra=extra)


@dg.asset(
    deps=[unique, contamination],
    partitions_def=recipes,
    group_name="documents",
    check_specs=checks.specs("split", *ALL),
)
def split(context: dg.AssetExecutionContext, lake: LakeResource, engine: EngineResource) -> dg.MaterializeResult:
    """Training pages and held-out pages; training pages that are nearly held-out ones are gone, and so are pages that
    hold items of benchmarks, unless the recipe keeps them."""
    opened, recipe = lake.open(), RECIPES[context.partition_key]
    sources = upstreams(context, opened, "unique")
    found = upstreams(context, opened, CONTAMINATION) if recipe.contamination.remove else []
    outcome = hold_out.hold_out(opened, sources, recipe.heldout, engine.open(), found)
    results = [
        checks.conservation(["train", "heldout"], outcome.manifest),
        checks.digests(opened, outcome.manifest),
        checks.not_empty(outcome.manifest.counts.kept),
    ]
    return materialized(opened, outcome, results)


@dg.asset(
    deps=[split],
    partitions_def=recipes,
    group_name="documents",
    check_specs=checks.specs("items", checks.DIGESTS),
)
def items(context: dg.AssetExecutionContext, lake: LakeResource, engine: EngineResource) -> dg.MaterializeResult:
    """Benchmark questions made of the held-out pages."""
    opened = lake.open()
    source = upstream(context, opened, "split")
    outcome = hold_out.make_items(opened, source, RECIPES[context.partition_key].items, engine.open())
    return materialized(opened, outcome, [checks.digests(opened, outcome.manifest)])

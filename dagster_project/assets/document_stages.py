"""Documents: from a crawl's records to unique documents, divided into training and held-out pages."""

from typing import Any

import dagster as dg

from corpus.lake import stages
from dagster_project import checks
from dagster_project.assets.benchmarks import materialized_benchmarks
from dagster_project.assets.crawls import open_partition
from dagster_project.lineage import DATASETS, latest, upstream, upstream_assets, upstreams
from dagster_project.metadata.contamination import of_contamination
from dagster_project.metadata.duplicates import of_unique
from dagster_project.metadata.funnels import of_clean, of_documents
from dagster_project.metadata.materialized import describe_datasets, passed_on
from dagster_project.partitions import crawl_recipe_key, crawl_recipes, crawls, distinct_ids, recipes
from dagster_project.resources import EngineResource, LakeResource
from pipelines import cleaning, trimming
from pipelines import deduplication as deduplicate
from pipelines import holdout as hold_out
from pipelines.contamination import find_contamination
from pipelines.ingestion import ingest
from pipelines.signatures import sign
from recipes.named import INGEST, RECIPES

ALL = (checks.CONSERVATION, checks.DIGESTS, checks.NOT_EMPTY)


@dg.asset(
    deps=upstream_assets(stages.DOCUMENTS),
    partitions_def=crawls,
    group_name="documents",
    check_specs=checks.specs(stages.DOCUMENTS, *ALL, checks.WHOLE),
)
def documents(context: dg.AssetExecutionContext, lake: LakeResource, engine: EngineResource) -> dg.MaterializeResult:
    """The main text of every record, with the place that it came from."""
    opened, key = lake.open(), context.partition_key
    source = open_partition(opened, upstream(context, opened, stages.CRAWL), key)
    outcome = ingest(opened, source, INGEST, engine.open())
    results = [
        checks.conservation(["documents"], outcome.manifest),
        checks.digests(opened, outcome.manifest),
        checks.not_empty(outcome.manifest.counts.kept),
        checks.whole(outcome.manifest),
    ]
    return describe_datasets(opened, outcome, results, extra=of_documents(outcome.manifest))


def _crawl_and_recipe(context: dg.AssetExecutionContext) -> tuple[str, str]:
    key = context.partition_key
    assert isinstance(key, dg.MultiPartitionKey)
    return key.keys_by_dimension["crawl"], key.keys_by_dimension["recipe"]


@dg.asset(
    deps=upstream_assets(stages.CLEAN),
    partitions_def=crawl_recipes,
    group_name="documents",
    check_specs=checks.specs(stages.CLEAN, *ALL, checks.NO_PERSONAL_DATA),
)
def clean(context: dg.AssetExecutionContext, lake: LakeResource, engine: EngineResource) -> dg.MaterializeResult:
    """The documents that pass the recipe's rules, personal data masked; what was measured is kept for all."""
    key, recipe = _crawl_and_recipe(context)
    opened = lake.open(recipe)
    source = upstream(context, opened, stages.DOCUMENTS, key)
    outcome = cleaning.clean(opened, source, RECIPES[recipe].clean, engine.open())
    results = [
        checks.conservation(["documents"], outcome.manifest),
        checks.digests(opened, outcome.manifest),
        checks.no_personal_data(opened, outcome.manifest, RECIPES[recipe].clean.mask),
        checks.not_empty(outcome.manifest.counts.kept),
    ]
    return describe_datasets(opened, outcome, results, extra=of_clean(opened, outcome.manifest, RECIPES[recipe].clean))


@dg.asset(
    deps=upstream_assets(stages.TRIMMED),
    partitions_def=crawl_recipes,
    group_name="documents",
    check_specs=checks.specs(stages.TRIMMED, *ALL),
)
def trimmed(context: dg.AssetExecutionContext, lake: LakeResource, engine: EngineResource) -> dg.MaterializeResult:
    """The clean documents without the text that they repeat; under a recipe that cuts nothing out, as they are."""
    _, recipe = _crawl_and_recipe(context)
    opened = lake.open(recipe)
    source, config = upstream(context, opened, stages.CLEAN), RECIPES[recipe].trim
    outcome = trimming.trim(opened, source, config, engine.open()) if config is not None else None
    manifest = outcome.manifest if outcome is not None else source
    if outcome is None:
        opened.leave_out(stages.TRIMMED, source.partition)
    results = [
        checks.conservation(["documents"], manifest),
        checks.digests(opened, manifest),
        checks.not_empty(manifest.counts.kept),
    ]
    return describe_datasets(opened, outcome, results) if outcome is not None else passed_on(source, results)


@dg.asset(
    deps=upstream_assets(stages.SIGNATURES),
    partitions_def=crawl_recipes,
    group_name="documents",
    check_specs=checks.specs(stages.SIGNATURES, checks.DIGESTS, checks.NOT_EMPTY),
)
def signatures(context: dg.AssetExecutionContext, lake: LakeResource, engine: EngineResource) -> dg.MaterializeResult:
    """MinHash bands and text digests of a crawl's clean documents."""
    _, recipe = _crawl_and_recipe(context)
    opened = lake.open(recipe)
    source = upstream(context, opened, stages.TRIMMED)
    outcome = sign(opened, source, RECIPES[recipe].duplicates.signing(), engine.open())
    kept = outcome.manifest.counts.kept
    results = [checks.digests(opened, outcome.manifest), checks.not_empty(kept)]
    extra = {"dagster/row_count": kept}  # the index has a row of each document once more for every band
    return describe_datasets(opened, outcome, results, extra=extra)


class CrawlsConfig(dg.Config):
    """Which crawls a recipe takes together; none named means every crawl that is clean under it."""

    crawls: list[str] = []


@dg.asset(
    deps=upstream_assets(stages.UNIQUE),
    partitions_def=recipes,
    group_name="documents",
    check_specs=checks.specs(stages.UNIQUE, *ALL),
)
def unique(
    context: dg.AssetExecutionContext, config: CrawlsConfig, lake: LakeResource, engine: EngineResource
) -> dg.MaterializeResult:
    """The survivors of all crawls, a dataset each: exact duplicates go, then near ones, each for one that stays. What
    an earlier crawl kept stays when another is added."""
    recipe = context.partition_key
    opened = lake.open(recipe)
    keys = config.crawls or [
        key
        for key in context.instance.get_dynamic_partitions(str(crawls.name))
        if latest(context.instance, stages.CLEAN, str(crawl_recipe_key(key, recipe)))
    ]
    distinct_ids(keys)
    if not keys:
        raise dg.Failure(f"no crawl is clean under the recipe {recipe}: add a crawl and materialize it up to `clean`")
    sources = [upstream(context, opened, stages.TRIMMED, str(crawl_recipe_key(key, recipe))) for key in keys]
    outcomes = deduplicate.deduplicate(opened, sources, RECIPES[recipe].duplicates, engine.open())
    manifests = [outcome.manifest for outcome in outcomes]
    results = [
        checks.conservation(["documents"], *manifests),
        checks.digests(opened, *manifests),
        checks.not_empty(sum(manifest.counts.kept for manifest in manifests)),
    ]
    extra = {"crawls": sorted(keys), **of_unique(opened, manifests, RECIPES[recipe].duplicates)}
    return describe_datasets(opened, outcomes, results, extra=extra)


@dg.asset(
    deps=upstream_assets(stages.CONTAMINATION),
    partitions_def=recipes,
    group_name="documents",
    check_specs=checks.specs(stages.CONTAMINATION, checks.DIGESTS),
)
def contamination(
    context: dg.AssetExecutionContext, lake: LakeResource, engine: EngineResource
) -> dg.MaterializeResult:
    """Where items of the benchmarks stand in the unique documents, a dataset a crawl; none while there is no benchmark.
    Every benchmark that has been materialized is compared with."""
    opened = lake.open(context.partition_key)
    found = materialized_benchmarks(context.instance, opened)
    if not found:
        metadata: dict[str, Any] = {"stage": stages.CONTAMINATION, DATASETS: [], "benchmarks": 0}
        return dg.MaterializeResult(
            metadata=metadata, data_version=dg.DataVersion("no benchmark"), check_results=[checks.digests(opened)]
        )
    config = RECIPES[context.partition_key].contamination
    sources = upstreams(context, opened, stages.UNIQUE)
    outcomes = [find_contamination(opened, source, found, config, engine.open()) for source in sources]
    manifests = [outcome.manifest for outcome in outcomes]
    extra = of_contamination(opened, manifests)
    return describe_datasets(opened, outcomes, [checks.digests(opened, *manifests)], extra=extra)


@dg.asset(
    deps=upstream_assets(stages.SPLIT),
    partitions_def=recipes,
    group_name="documents",
    check_specs=checks.specs(stages.SPLIT, *ALL),
)
def split(context: dg.AssetExecutionContext, lake: LakeResource, engine: EngineResource) -> dg.MaterializeResult:
    """Training pages and held-out pages; training pages that are nearly held-out ones are gone, and so are pages that
    hold items of benchmarks, unless the recipe keeps them."""
    opened, recipe = lake.open(context.partition_key), RECIPES[context.partition_key]
    sources = upstreams(context, opened, stages.UNIQUE)
    found = upstreams(context, opened, stages.CONTAMINATION) if recipe.contamination.remove else []
    outcome = hold_out.hold_out(opened, sources, recipe.heldout, engine.open(), found)
    results = [
        checks.conservation(["train", "heldout"], outcome.manifest),
        checks.digests(opened, outcome.manifest),
        checks.not_empty(outcome.manifest.counts.kept),
    ]
    return describe_datasets(opened, outcome, results)


@dg.asset(
    deps=upstream_assets(stages.ITEMS),
    partitions_def=recipes,
    group_name="documents",
    check_specs=checks.specs(stages.ITEMS, checks.DIGESTS),
)
def items(context: dg.AssetExecutionContext, lake: LakeResource, engine: EngineResource) -> dg.MaterializeResult:
    """Benchmark questions made of the held-out pages."""
    opened = lake.open(context.partition_key)
    source = upstream(context, opened, stages.SPLIT)
    outcome = hold_out.make_items(opened, source, RECIPES[context.partition_key].items, engine.open())
    return describe_datasets(opened, outcome, [checks.digests(opened, outcome.manifest)])

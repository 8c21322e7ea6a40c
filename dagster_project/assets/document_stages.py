"""Documents: from a crawl's records to unique documents, divided into training and held-out pages."""

from typing import Any

import dagster as dg

from corpus.cards.writing import write_cards
from corpus.contamination.policy import MATCH
from corpus.lake import stages
from corpus.lake.schema import DOCUMENT
from dagster_project import checks
from dagster_project.assets.benchmarks import materialized_benchmarks
from dagster_project.assets.crawls import open_partition
from dagster_project.lineage import DATASETS, latest, upstream, upstreams
from dagster_project.metadata.contamination import of_contamination
from dagster_project.metadata.duplicates import of_unique
from dagster_project.metadata.funnels import of_clean, of_documents
from dagster_project.metadata.materialized import describe_datasets, passed_on
from dagster_project.partitions import CRAWL, RECIPE, crawl_recipe_key, crawls, distinct_ids, key_in
from dagster_project.resources import EngineResource, LakeResource
from dagster_project.retries import asked_again
from dagster_project.stage_assets import stage_asset
from pipelines import cleaning, ingestion, trimming
from pipelines import contamination as contaminated
from pipelines import deduplication as deduplicate
from pipelines import holdout as hold_out
from pipelines.cleaning import CLEAN
from pipelines.duplicates import signatures as signatures_of
from recipes.files import load_recipe
from recipes.recorded import changed_settings

ALL = (checks.CONSERVATION, checks.DIGESTS, checks.NOT_EMPTY)


@stage_asset(
    stages.DOCUMENTS,
    group="documents",
    kinds={"beam", "parquet"},
    version=ingestion.VERSION,
    made_by=ingestion.ingest,
    checked=(*ALL, checks.WHOLE),
    columns=DOCUMENT,
)
def documents(context: dg.AssetExecutionContext, lake: LakeResource, engine: EngineResource) -> dg.MaterializeResult:
    """The main text of every record, with the place that it came from."""
    key, recipe = key_in(context, CRAWL), key_in(context, RECIPE)
    opened = lake.open(recipe)
    with asked_again(key):
        source = open_partition(opened, upstream(context, opened, stages.CRAWL, key), key)
        outcome = ingestion.ingest(opened, source, load_recipe(opened, recipe).ingest, engine.open())
    results = [
        checks.conservation(["documents"], outcome.manifest),
        checks.digests(opened, outcome.manifest),
        checks.not_empty(outcome.manifest.counts.kept),
        checks.whole(outcome.manifest),
    ]
    return describe_datasets(opened, outcome, results, extra=of_documents(outcome.manifest))


@stage_asset(
    stages.CLEAN,
    group="documents",
    kinds={"beam", "parquet"},
    version=cleaning.VERSION,
    made_by=cleaning.clean,
    checked=(*ALL, checks.NO_PERSONAL_DATA),
    columns=CLEAN,
    columns_from=(stages.DOCUMENTS, DOCUMENT),
)
def clean(context: dg.AssetExecutionContext, lake: LakeResource, engine: EngineResource) -> dg.MaterializeResult:
    """The documents that pass the recipe's rules, personal data masked; what was measured is kept for all."""
    recipe = key_in(context, RECIPE)
    opened = lake.open(recipe)
    source, config = upstream(context, opened, stages.DOCUMENTS), load_recipe(opened, recipe).clean
    outcome = cleaning.clean(opened, source, config, engine.open())
    results = [
        checks.conservation(["documents"], outcome.manifest),
        checks.digests(opened, outcome.manifest),
        checks.no_personal_data(opened, outcome.manifest, config.mask),
        checks.not_empty(outcome.manifest.counts.kept),
    ]
    return describe_datasets(opened, outcome, results, extra=of_clean(opened, outcome.manifest, config))


@stage_asset(
    stages.TRIMMED,
    group="documents",
    kinds={"beam", "parquet"},
    version=trimming.VERSION,
    made_by=trimming.trim,
    checked=ALL,
    columns=CLEAN,
    columns_from=(stages.CLEAN, CLEAN),
)
def trimmed(context: dg.AssetExecutionContext, lake: LakeResource, engine: EngineResource) -> dg.MaterializeResult:
    """The clean documents without the text that they repeat; under a recipe that cuts nothing out, as they are."""
    recipe = key_in(context, RECIPE)
    opened = lake.open(recipe)
    source, config = upstream(context, opened, stages.CLEAN), load_recipe(opened, recipe).trim
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


@stage_asset(
    stages.SIGNATURES,
    group="documents",
    kinds={"beam", "parquet"},
    version=signatures_of.VERSION,
    made_by=signatures_of.sign,
    checked=(checks.DIGESTS, checks.NOT_EMPTY),
)
def signatures(context: dg.AssetExecutionContext, lake: LakeResource, engine: EngineResource) -> dg.MaterializeResult:
    """MinHash bands and text digests of a crawl's clean documents."""
    recipe = key_in(context, RECIPE)
    opened = lake.open(recipe)
    source = upstream(context, opened, stages.TRIMMED)
    outcome = signatures_of.sign(opened, source, load_recipe(opened, recipe).duplicates.signing(), engine.open())
    kept = outcome.manifest.counts.kept
    results = [checks.digests(opened, outcome.manifest), checks.not_empty(kept)]
    extra = {"dagster/row_count": kept}  # the index has a row of each document once more for every band
    return describe_datasets(opened, outcome, results, extra=extra)


class CrawlsConfig(dg.Config):
    """Which crawls a recipe takes together; none named means every crawl that is clean under it."""

    crawls: list[str] = []


@stage_asset(
    stages.UNIQUE,
    group="documents",
    kinds={"beam", "parquet"},
    version=deduplicate.VERSION,
    made_by=deduplicate.deduplicate,
    checked=ALL,
    columns=CLEAN,
    columns_from=(stages.TRIMMED, CLEAN),
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
    duplicates = load_recipe(opened, recipe).duplicates
    outcomes = deduplicate.deduplicate(opened, sources, duplicates, engine.open())
    if duplicates.scope == "off":
        for source in sources:
            opened.leave_out(stages.DUPLICATES, source.partition)
    manifests = [outcome.manifest for outcome in outcomes]
    results = [
        checks.conservation(["documents"], *manifests),
        checks.digests(opened, *manifests),
        checks.not_empty(sum(manifest.counts.kept for manifest in manifests)),
    ]
    extra = {"crawls": sorted(keys), **of_unique(opened, manifests, duplicates)}
    return describe_datasets(opened, outcomes, results, extra=extra)


@stage_asset(
    stages.CONTAMINATION,
    group="documents",
    kinds={"beam", "parquet"},
    version=contaminated.VERSION,
    made_by=contaminated.find_contamination,
    checked=(checks.DIGESTS,),
    columns=MATCH,
    columns_from=(stages.UNIQUE, CLEAN),
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
    config = load_recipe(opened, context.partition_key).contamination
    sources = upstreams(context, opened, stages.UNIQUE)
    outcomes = [contaminated.find_contamination(opened, source, found, config, engine.open()) for source in sources]
    manifests = [outcome.manifest for outcome in outcomes]
    extra = of_contamination(opened, manifests)
    return describe_datasets(opened, outcomes, [checks.digests(opened, *manifests)], extra=extra)


@stage_asset(
    stages.SPLIT,
    group="documents",
    kinds={"beam", "parquet"},
    version=hold_out.VERSION,
    made_by=hold_out.hold_out,
    checked=ALL,
    columns=CLEAN,
    columns_from=(stages.UNIQUE, CLEAN),
)
def split(context: dg.AssetExecutionContext, lake: LakeResource, engine: EngineResource) -> dg.MaterializeResult:
    """Training pages and held-out pages; training pages that are nearly held-out ones are gone, and so are pages that
    hold items of benchmarks, unless the recipe keeps them."""
    opened = lake.open(context.partition_key)
    recipe = load_recipe(opened, context.partition_key)
    sources = upstreams(context, opened, stages.UNIQUE)
    found = upstreams(context, opened, stages.CONTAMINATION) if recipe.contamination.remove else []
    outcome = hold_out.hold_out(opened, sources, recipe.heldout, engine.open(), found)
    write_cards(opened, outcome.manifest, changed_settings)
    results = [
        checks.conservation(["train", "heldout"], outcome.manifest),
        checks.digests(opened, outcome.manifest),
        checks.not_empty(outcome.manifest.counts.kept),
    ]
    return describe_datasets(opened, outcome, results)


@stage_asset(
    stages.ITEMS,
    group="documents",
    kinds={"parquet"},
    version=hold_out.VERSION,
    made_by=hold_out.make_items,
    checked=(checks.DIGESTS,),
)
def items(context: dg.AssetExecutionContext, lake: LakeResource, engine: EngineResource) -> dg.MaterializeResult:
    """Benchmark questions made of the held-out pages."""
    opened = lake.open(context.partition_key)
    source = upstream(context, opened, stages.SPLIT)
    config = load_recipe(opened, context.partition_key).items
    outcome = hold_out.make_items(opened, source, config, engine.open())
    return describe_datasets(opened, outcome, [checks.digests(opened, outcome.manifest)])

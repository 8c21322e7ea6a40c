"""Partition jobs: a crawl or a recipe is added once it is there, and what was mistyped is taken away again."""

import fsspec
from dagster import Config, DagsterInstance, Failure, OpExecutionContext, job, op
from pydantic import Field

from corpus.config import nearest
from corpus.sources import commoncrawl
from dagster_project.partitions import BUILT_IN, crawl_key, crawls, distinct_ids, recipes, studies
from dagster_project.partitions import benchmarks as benchmark_partitions
from dagster_project.resources import LakeResource
from recipes.files import load_recipe

KINDS = {"crawl": crawls, "recipe": recipes, "benchmark": benchmark_partitions, "study": studies}


class NewCrawl(Config):
    """What is crawled, and what becomes of it."""

    path: str = Field(
        description="A file or folder, or the URL of one: WARC, WET, ARC, HTML, Parquet, JSONL, CSV, text, zip, tar; "
        f"an id of Common Crawl such as {commoncrawl.EXAMPLE}; or {' or '.join(BUILT_IN)}, which is made here."
    )
    recipe: str = Field(default="base", description="The recipe by which it becomes a model.")


class Mistyped(Config):
    """A partition that nobody wants."""

    kind: str = Field(description=f"What it is a partition of: {', '.join(KINDS)}.")
    key: str = Field(description="Its key, as Dagster shows it.")


@op
def check_and_add(context: OpExecutionContext, config: NewCrawl, lake: LakeResource) -> str:
    """Returns the partition's key."""
    try:
        load_recipe(lake.open(), config.recipe)
        key = crawl_key(config.path)
        _must_exist(key)
        known = context.instance.get_dynamic_partitions(str(crawls.name))
        distinct_ids([*known, key] if key not in known else list(known))
    except (ValueError, OSError) as error:
        raise Failure(str(error), allow_retries=False) from error
    _add(context.instance, key, config.recipe)
    context.log.info("materialize all assets of the crawl %s and the recipe %s", key, config.recipe)
    return key


def _must_exist(key: str) -> None:
    if key in BUILT_IN or commoncrawl.parse_crawl_id(key) is not None:
        return
    fs, root = fsspec.core.url_to_fs(key)
    if not fs.exists(root):
        raise FileNotFoundError(f"{key}: there is no such file or folder where Dagster runs; give another path")


def _add(instance: DagsterInstance, crawl: str, recipe: str) -> None:
    instance.add_dynamic_partitions(str(crawls.name), [crawl])
    instance.add_dynamic_partitions(str(recipes.name), [recipe])


@job(description="Adds a crawl, and the recipe for it, as partitions; a path that is not there is refused.")
def add_crawl() -> None:
    check_and_add()


@op
def check_and_take_away(context: OpExecutionContext, config: Mistyped) -> None:
    """Raises Failure for what is no partition."""
    if config.kind not in KINDS:
        raise Failure(
            f"kind {config.kind!r}{nearest(config.kind, list(KINDS))}: choose from {', '.join(KINDS)}",
            allow_retries=False,
        )
    of = str(KINDS[config.kind].name)
    known = list(context.instance.get_dynamic_partitions(of))
    if config.key not in known:
        raise Failure(
            f"{config.key} is no partition of {of}{nearest(config.key, known)}; there are {', '.join(known) or 'none'}",
            allow_retries=False,
        )
    context.instance.delete_dynamic_partition(of, config.key)


@job(description="Takes away a partition, such as a mistyped one. Datasets stay, until `headwater collect`.")
def take_away_partition() -> None:
    check_and_take_away()

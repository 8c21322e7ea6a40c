"""Partitions: crawls, recipes, benchmarks and tuning studies, which come as they are added (by hand, by the command
line, or by dagster_project.sensors).

A crawl's key says where it comes from: `stdlib` and `packages` are the built-in ones, `CC-MAIN-2026-05#3` are files of
Common Crawl, anything else is the path or URL of a file or of a folder of files, of any kind that corpus.sources reads.
Its id, which is part of every document's identity, is the key's last part. A benchmark's key is the name of its task.
"""

from __future__ import annotations

import os
import warnings

import dagster as dg
import fsspec
from dagster_shared.utils.warnings import BetaWarning
from fsspec.implementations.local import LocalFileSystem

from corpus.sources import commoncrawl, crawl_id

BUILT_IN = ("stdlib", "packages")
CRAWL, RECIPE, BENCHMARK = "crawl", "recipe", "benchmark"  # dimensions of a partition of two

crawls = dg.DynamicPartitionsDefinition(name="crawls")
recipes = dg.DynamicPartitionsDefinition(name="recipes")
benchmarks = dg.DynamicPartitionsDefinition(name="benchmarks")
studies = dg.DynamicPartitionsDefinition(name="studies")
crawl_recipes = dg.MultiPartitionsDefinition({CRAWL: crawls, RECIPE: recipes})
benchmark_recipes = dg.MultiPartitionsDefinition({BENCHMARK: benchmarks, RECIPE: recipes})


def crawl_key(url: str) -> str:
    """The partition key of a path or URL: local paths are made absolute, so that a key means the same anywhere."""
    if url in BUILT_IN or commoncrawl.parse_crawl_id(url) is not None:
        return url
    fs, root = fsspec.core.url_to_fs(url)
    return os.path.realpath(root) if isinstance(fs, LocalFileSystem) else url


def crawl_recipe_key(crawl: str, recipe: str) -> dg.MultiPartitionKey:
    return dg.MultiPartitionKey({CRAWL: crawl, RECIPE: recipe})


def benchmark_recipe_key(benchmark: str, recipe: str) -> dg.MultiPartitionKey:
    return dg.MultiPartitionKey({BENCHMARK: benchmark, RECIPE: recipe})


def key_in(context: dg.AssetExecutionContext, dimension: str) -> str:
    """The part of a run's partition key that stands for a crawl, a recipe or a benchmark."""
    key = context.partition_key
    assert isinstance(key, dg.MultiPartitionKey)
    return key.keys_by_dimension[dimension]


def mapping(upstream: dg.PartitionsDefinition, downstream: dg.PartitionsDefinition) -> dg.PartitionMapping:
    """Which partitions of what it reads a partition is made of: those with its crawl, its recipe or its benchmark; all,
    where the two have nothing in common."""
    if upstream == downstream:
        return dg.IdentityPartitionMapping()
    for one, other in ((upstream, downstream), (downstream, upstream)):
        if isinstance(one, dg.MultiPartitionsDefinition):
            for dimension in one.partitions_defs:
                if dimension.partitions_def == other:
                    with warnings.catch_warnings():
                        warnings.simplefilter(
                            "ignore", BetaWarning
                        )  # it is what Dagster takes itself where none is said
                        return dg.MultiToSingleDimensionPartitionMapping(dimension.name)
    return dg.AllPartitionMapping()


def distinct_ids(keys: list[str]) -> None:
    """Raises ValueError when two crawls would have one id, and so their documents one identity."""
    seen: dict[str, str] = {}
    for key in keys:
        other = seen.setdefault(crawl_id(key), key)
        if other != key:
            raise ValueError(f"{other} and {key} are both named {crawl_id(key)!r}: rename one of them")

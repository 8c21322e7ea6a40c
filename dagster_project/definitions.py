"""Definitions: what `dagster dev` shows. `python -m headwater.cli demo` materializes the same graph."""

from __future__ import annotations

import dagster as dg

from dagster_project.assets.benchmarks import benchmarks
from dagster_project.assets.crawls import crawl
from dagster_project.assets.curve import learning_curve
from dagster_project.assets.document_stages import (
    clean,
    contamination,
    documents,
    items,
    signatures,
    split,
    trimmed,
    unique,
)
from dagster_project.assets.model import checkpoint
from dagster_project.assets.reports import report
from dagster_project.assets.scores import held_out_scores, prepared_scores
from dagster_project.assets.token_stages import shards, tokenizer, tokens
from dagster_project.resources import default_resources

CRAWL_JOB, CLEAN_JOB, RECIPE_JOB = "ingest_crawl", "clean_crawl", "crawls_to_scores"
BENCHMARKS_JOB = "crawls_to_benchmarks"  # as the one before, and the scores of benchmarks, each of which must be there
ITEMS_JOB = "benchmark_items"  # each with the path of its files
UNTIL_SHARDS = [unique, contamination, split, items, tokenizer, tokens, shards]
RECIPE_ASSETS = [*UNTIL_SHARDS, checkpoint, *held_out_scores, learning_curve, report]

defs = dg.Definitions(
    assets=[*benchmarks, crawl, documents, clean, trimmed, signatures, *RECIPE_ASSETS, *prepared_scores],
    jobs=[
        dg.define_asset_job(CRAWL_JOB, [crawl, documents]),
        dg.define_asset_job(CLEAN_JOB, [clean, trimmed, signatures]),
        dg.define_asset_job(ITEMS_JOB, benchmarks),
        dg.define_asset_job(RECIPE_JOB, RECIPE_ASSETS),
        dg.define_asset_job(BENCHMARKS_JOB, [*RECIPE_ASSETS, *prepared_scores]),
    ],
    resources={**default_resources(), "pipes": dg.PipesSubprocessClient()},
)

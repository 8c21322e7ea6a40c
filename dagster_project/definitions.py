"""Definitions: what `dagster dev` shows. `python -m headwater.cli demo` materializes the same graph."""

from __future__ import annotations

import dagster as dg

from dagster_project.assets.benchmarks import benchmark
from dagster_project.assets.cards import model_card
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
from dagster_project.assets.finetuning import finetuned, finetuned_score
from dagster_project.assets.model import checkpoint
from dagster_project.assets.recipes import recipe
from dagster_project.assets.reports import report
from dagster_project.assets.risk_findings import risks
from dagster_project.assets.scores import benchmark_score, held_out_scores
from dagster_project.assets.shrinking import shrunk
from dagster_project.assets.token_stages import shards, text_index, tokenizer, tokens
from dagster_project.assets.tuning import tuning_study
from dagster_project.file_checks import files_in_place
from dagster_project.partition_jobs import add_crawl, take_away_partition
from dagster_project.resources import default_resources
from dagster_project.schedules import weekly_crawl
from dagster_project.sensors import follow, known_partitions, new_common_crawls, watched_folder

CRAWL_JOB, CLEAN_JOB, RECIPE_JOB = "find_crawl", "clean_crawl", "crawls_to_scores"
BENCHMARK_JOB, BENCHMARK_SCORE_JOB = "read_benchmark", "score_benchmark"
FINETUNE_JOB, RISKS_JOB, SHRINK_JOB = "finetune_for_tasks", "measure_risks", "shrink_model"
STUDY_JOB = "show_tuning_study"
CLEAN_ASSETS = [documents, clean, trimmed, signatures]
UNTIL_SHARDS = [unique, contamination, split, items, tokenizer, tokens, shards]
AFTER_SCORES = [model_card, report]
RECIPE_ASSETS = [*UNTIL_SHARDS, checkpoint, *held_out_scores, learning_curve, *AFTER_SCORES]
FINETUNE_ASSETS = [finetuned, finetuned_score]

EVERY = (benchmark, crawl, *CLEAN_ASSETS, *RECIPE_ASSETS, *FINETUNE_ASSETS, risks, shrunk)
WITH_FILES = [asset for asset in EVERY if asset not in AFTER_SCORES]
FILE_CHECKS = [files_in_place(asset) for asset in WITH_FILES]


def _only(*assets: dg.AssetsDefinition) -> dg.AssetSelection:
    """What assets check of themselves is part of them; the file checks are for whenever somebody asks."""
    return dg.AssetSelection.assets(*assets) - dg.AssetSelection.checks(*FILE_CHECKS)


defs = dg.Definitions(
    assets=[
        *(recipe, benchmark, crawl, *CLEAN_ASSETS, *RECIPE_ASSETS, benchmark_score, text_index),
        *(*FINETUNE_ASSETS, risks, shrunk, tuning_study),
    ],
    asset_checks=FILE_CHECKS,
    jobs=[
        dg.define_asset_job(CRAWL_JOB, _only(crawl), description="Finds the files of a crawl, and digests them."),
        dg.define_asset_job(CLEAN_JOB, _only(*CLEAN_ASSETS), description="A crawl's records to clean documents."),
        dg.define_asset_job(BENCHMARK_JOB, _only(benchmark), description="Reads the items of a benchmark."),
        dg.define_asset_job(
            RECIPE_JOB, _only(*RECIPE_ASSETS), description="Clean crawls to a model, its scores and a report."
        ),
        dg.define_asset_job(BENCHMARK_SCORE_JOB, _only(benchmark_score), description="Asks a model a benchmark."),
        dg.define_asset_job(RISKS_JOB, _only(risks), description="What a model may do wrong, as a table."),
        dg.define_asset_job(SHRINK_JOB, _only(shrunk), description="A model to smaller ones, each with what it lost."),
        dg.define_asset_job(STUDY_JOB, _only(tuning_study), description="What `headwater tune` has found."),
        dg.define_asset_job(FINETUNE_JOB, _only(*FINETUNE_ASSETS), description="A model to models for tasks."),
        add_crawl,
        take_away_partition,
    ],
    sensors=[known_partitions, watched_folder, new_common_crawls, follow],
    schedules=[weekly_crawl],
    # A stage has workers of its own; a process for each step would import everything once more, for seconds.
    executor=dg.in_process_executor,
    resources={**default_resources(), "pipes": dg.PipesSubprocessClient()},
)

"""Benchmarks: the items of each task as a dataset, read from files on this machine."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dagster as dg
from pydantic import Field

from corpus.config import nearest
from corpus.contamination.policy import BENCHMARK_ITEM, PASSAGE
from corpus.lake import stages
from corpus.lake.manifest import Manifest
from corpus.lake.store import Lake
from dagster_project import checks
from dagster_project.lineage import datasets_of, latest
from dagster_project.metadata.materialized import describe_datasets
from dagster_project.resources import LakeResource
from dagster_project.stage_assets import stage_asset
from pipelines.benchmark import VERSION, BenchmarkRow, publish_benchmark
from recipes.named import BENCHMARKS
from training.evaluation.catalog import TASKS
from training.evaluation.items import list_files, load_items
from training.evaluation.task import Task

# Of tasks about passages the part that is one: text of the world, such as an encyclopedia's, that a question is about.
PASSAGES = {"boolq": "text", "xquad_en": "context", "xquad_zh": "context"}


class BenchmarkFiles(dg.Config):
    """Where the items of a benchmark are."""

    path: str = Field(description="The file of the task's items, or the folder of its files, on this machine.")


def _rows(task: Task, data: Path) -> Iterator[BenchmarkRow]:
    """Items by the names that their scores have."""
    items = load_items(task, data)
    for doc, row in zip(items.docs, items.rows, strict=True):
        parts = {PASSAGE if PASSAGES.get(task.name) == name else name: text for name, text in task.parts(row).items()}
        yield doc["item_id"], parts, row


@stage_asset(
    stages.BENCHMARK,
    group="benchmarks",
    kinds={"parquet"},
    version=VERSION,
    made_by=publish_benchmark,
    checked=(checks.DIGESTS, checks.NOT_EMPTY),
    columns=BENCHMARK_ITEM,
)
def benchmark(context: dg.AssetExecutionContext, config: BenchmarkFiles, lake: LakeResource) -> dg.MaterializeResult:
    """The items of a task, whose name is the partition: documents that hold one are not trained on."""
    task = find_task(context.partition_key)
    opened, data = lake.open(), Path(config.path)
    version = f"{task.version} {task.definition[:16]}"
    outcome = publish_benchmark(opened, task.name, version, _rows(task, data), list_files(task, data))
    kept = outcome.manifest.counts.kept
    results = [checks.digests(opened, outcome.manifest), checks.not_empty(kept)]
    return describe_datasets(
        opened, outcome, results, extra={"path": str(data.resolve()), "dagster/row_count": kept, "about": task.source}
    )


def find_task(name: str) -> Task:
    """Raises dg.Failure for a partition that is no prepared task, naming those that there are."""
    if name not in BENCHMARKS:
        raise dg.Failure(
            f"{name} is no benchmark{nearest(name, BENCHMARKS)}: take the partition away and add one of "
            f"{', '.join(BENCHMARKS)}",
            allow_retries=False,
        )
    return TASKS[name]


def materialized_benchmarks(instance: dg.DagsterInstance, lake: Lake) -> list[Manifest]:
    """The datasets of all benchmarks that have been materialized."""
    found: list[dict[str, Any] | None] = [latest(instance, stages.BENCHMARK, task) for task in BENCHMARKS]
    return [dataset for metadata in found if metadata is not None for dataset in datasets_of(lake, metadata)]

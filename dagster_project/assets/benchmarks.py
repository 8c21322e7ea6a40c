"""Benchmarks: the items of each task as a dataset, read from files on this machine."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dagster as dg

from corpus.contamination.policy import PASSAGE
from corpus.lake.manifest import Manifest
from corpus.lake.store import Lake
from dagster_project import checks
from dagster_project.lineage import datasets_of, latest
from dagster_project.metadata.materialized import describe_datasets
from dagster_project.resources import LakeResource
from pipelines.benchmark import BenchmarkRow, publish_benchmark
from recipes.named import BENCHMARKS
from training.evaluation.catalog import TASKS
from training.evaluation.items import list_files, load_items
from training.evaluation.task import Task

# Of tasks about passages the part that is one: text of the world, such as an encyclopedia's, that a question is about.
PASSAGES = {"boolq": "text", "xquad_en": "context", "xquad_zh": "context"}


class BenchmarkFiles(dg.Config):
    """`path`: the file of a task's items, or the folder of its files."""

    path: str


def _rows(task: Task, data: Path) -> Iterator[BenchmarkRow]:
    """Items by the names that their scores have."""
    items = load_items(task, data)
    for doc, row in zip(items.docs, items.rows, strict=True):
        parts = {PASSAGE if PASSAGES.get(task.name) == name else name: text for name, text in task.parts(row).items()}
        yield doc["item_id"], parts, row


def _benchmark_asset(task: Task) -> dg.AssetsDefinition:
    name = f"benchmarks/{task.name}"

    @dg.asset(
        key=name.split("/"),
        group_name="benchmarks",
        description=f"The items of {task.name}: documents that hold one are not trained on.",
        check_specs=checks.specs(name, checks.DIGESTS, checks.NOT_EMPTY),
    )
    def benchmark(config: BenchmarkFiles, lake: LakeResource) -> dg.MaterializeResult:
        opened, data = lake.open(), Path(config.path)
        version = f"{task.version} {task.definition[:16]}"
        outcome = publish_benchmark(opened, task.name, version, _rows(task, data), list_files(task, data))
        kept = outcome.manifest.counts.kept
        results = [checks.digests(opened, outcome.manifest), checks.not_empty(kept)]
        return describe_datasets(
            opened, outcome, results, extra={"path": str(data.resolve()), "dagster/row_count": kept}
        )

    return benchmark


def materialized_benchmarks(instance: dg.DagsterInstance, lake: Lake) -> list[Manifest]:
    """The datasets of all benchmarks that have been materialized."""
    found: list[dict[str, Any] | None] = [latest(instance, f"benchmarks/{task}", None) for task in BENCHMARKS]
    return [dataset for metadata in found if metadata is not None for dataset in datasets_of(lake, metadata)]


benchmarks = [_benchmark_asset(TASKS[name]) for name in BENCHMARKS]

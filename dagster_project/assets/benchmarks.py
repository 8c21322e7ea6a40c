"""Benchmarks: the items of each task as a dataset, read from files on this machine."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import dagster as dg

from corpus.lake import Lake
from corpus.manifest import Manifest
from dagster_project import checks
from dagster_project.assets.materialized import materialized
from dagster_project.lineage import ADDRESS, latest
from dagster_project.resources import LakeResource
from pipelines.benchmark import BenchmarkRow, publish_benchmark
from training.evaluation.catalog import PREPARED
from training.evaluation.items import load
from training.evaluation.task import Task

IDS = ("item_id", "id")


@dataclass(frozen=True, kw_only=True)
class Reader:
    """How a task's files become items; `version` rises when the same files become others."""

    version: str
    read: Callable[[Path], Iterator[BenchmarkRow]]


def read_jsonl(path: Path) -> Iterator[BenchmarkRow]:
    """Any JSON lines: each string of a row is a part of that name; the item is named by "item_id" or "id", or else by
    its line, from 0."""
    with open(path, encoding="utf-8") as file:
        for number, line in enumerate(file):
            if line.strip():
                item = json.loads(line)
                name = next((str(item[key]) for key in IDS if key in item), str(number))
                parts = {key: value for key, value in item.items() if isinstance(value, str) and key not in IDS}
                yield name, parts, item


def read_task(task: Task, path: Path) -> Iterator[BenchmarkRow]:
    """What the task asks, under the names that its score has for the items."""
    found = load(task, path)
    for doc, row in zip(found.docs, found.rows, strict=True):
        yield doc["item_id"], task.parts(row), row


JSONL = Reader(version="1", read=read_jsonl)
READERS = {task.name: Reader(version=task.definition, read=partial(read_task, task)) for task in PREPARED}


class BenchmarkFiles(dg.Config):
    """`path`: the file of a task's items, or the folder of its files."""

    path: str


def files_of(path: Path) -> dict[str, Path]:
    """By name. Raises FileNotFoundError when there is none."""
    files = sorted(file for file in path.rglob("*") if file.is_file()) if path.is_dir() else [path]
    if not all(file.is_file() for file in files) or not files:
        raise FileNotFoundError(f"{path} is no file, nor a folder with files")
    return {str(file.relative_to(path)) if path.is_dir() else file.name: file for file in files}


def _benchmark_asset(task: str) -> dg.AssetsDefinition:
    name = f"benchmarks/{task}"

    @dg.asset(
        key=name.split("/"),
        group_name="benchmarks",
        description=f"The items of {task}: documents that hold one are not trained on.",
        check_specs=checks.specs(name, checks.DIGESTS, checks.NOT_EMPTY),
    )
    def benchmark(config: BenchmarkFiles, lake: LakeResource) -> dg.MaterializeResult:
        opened, reader, path = lake.open(), READERS[task], Path(config.path)
        outcome = publish_benchmark(opened, task, reader.version, reader.read(path), files_of(path))
        kept = outcome.manifest.counts.kept
        results = [checks.digests(opened, outcome.manifest), checks.not_empty(kept)]
        return materialized(opened, outcome, results, extra={"path": config.path, "dagster/row_count": kept})

    return benchmark


def materialized_benchmarks(instance: dg.DagsterInstance, lake: Lake) -> list[Manifest]:
    """The datasets of all benchmarks that have been materialized."""
    found: list[dict[str, Any] | None] = [latest(instance, f"benchmarks/{task}", None) for task in READERS]
    return [lake.get(str(one["stage"]), str(one[ADDRESS])) for one in found if one is not None]


benchmarks = [_benchmark_asset(task) for task in READERS]

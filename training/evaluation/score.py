"""Scores a checkpoint on a benchmark that lies on this machine:

    python -m training.evaluation.score --checkpoint DIR --task NAME --data PATH --out DIR

Writes OUT/TASK/items.parquet and OUT/TASK/score.json, the same bytes each time. `headwater score` is the same command.
"""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from corpus.shards.reader import ShardSet
from training.distributed.device import pick_device, require_determinism
from training.evaluation.catalog import check_unique_names, find_tasks
from training.evaluation.flags import add_flags
from training.evaluation.harness import ask_items, build_table
from training.evaluation.items import Items, load_items
from training.evaluation.language_model import LanguageModel
from training.evaluation.score_lines import format_score
from training.evaluation.task import Task
from training.inference.loading import LoadedModel, load_any, load_baselines
from training.inference.model import Model
from training.significance import results
from training.significance.results import estimate_score


def score_task(
    loaded: LoadedModel,
    task: Task,
    items: Items,
    batch_size: int | None = None,
    baselines: dict[str, Model] | None = None,
) -> tuple[dict[str, Any], pa.Table]:
    """The content of score.json and the table of items. `baselines` are models to compare with, by name."""
    model = LanguageModel(loaded.model, batch_size)
    rows = build_table(task, items.docs, ask_items(model, task, items.docs))
    beside = {
        name: build_table(task, items.docs, ask_items(LanguageModel(other, batch_size), task, items.docs))
        for name, other in (baselines or {}).items()
    }
    metrics = task.metrics + ((task.ties_metric,) if task.ties_metric else ())
    return {
        "task": task.name,
        "kind": task.kind,
        "version": task.version,
        "definition": task.definition,
        "metric": task.main,
        "higher_is_better": task.higher_is_better,
        "n": len(items.docs),
        "clusters": len(set(rows["cluster"].to_pylist())),
        "repeated": items.repeated,
        "cut": model.truncated,
        "joined": model.joined,
        "lost": {"texts": len(model.lost), "example": model.lost[0]} if model.lost else None,
        "score": estimate_score(rows),
        "metrics": {name: estimate_score(rows, name) for name in metrics},
        "ties": sum(tied > 1 for tied in rows["tied"].to_pylist()) if task.ties_metric else None,
        "figures": task.figures(items.docs, rows),
        "groups": _groups(task, items, rows),
        "above": list(task.above),
        "all_groups": task.all_groups,
        "chance": task.chance(items.docs),
        "beside": {name: estimate_score(other) for name, other in beside.items()},
        "device": pick_device().type,
        "inputs": {"checkpoint": loaded.digest, "data": items.data},
    }, rows


def _groups(task: Task, items: Items, found: pa.Table) -> dict[str, dict[str, Any]]:
    """Value and number of items of each group; of a task with choices the number of ties and the value where these are
    `shared`; and where the benchmark says so, what the group belongs to (`of`)."""
    columns = ["value", "weight"] + ([task.ties_metric, "tied"] if task.ties_metric else [])
    rows: dict[str, list[list[float]]] = {}
    for group, *row in zip(*(found[name].to_pylist() for name in ["group", *columns]), strict=True):
        rows.setdefault(group, []).append(row)
    belongs = {doc["group"]: row for doc, row in zip(items.docs, items.rows, strict=True)}
    groups: dict[str, dict[str, Any]] = {}
    for group in sorted(filter(None, rows)):
        values, weights, *ties = (math.fsum(column) for column in zip(*rows[group], strict=True))
        groups[group] = {"value": values / weights, "n": len(rows[group])}
        if ties:
            groups[group] |= {"shared": ties[0] / weights, "ties": sum(row[3] > 1 for row in rows[group])}
        if task.above:
            groups[group]["of"] = {name: belongs[group][name] for name in task.above}
    return groups


def result_folder(folder: Path, task: str, data: str, definition: str) -> Path:
    """FOLDER/TASK. Raises ValueError when that holds the score of another benchmark file or definition: a file that
    changed must not pass for the one that was scored before."""
    path = folder / task
    if (path / "score.json").is_file():
        before = results.read_results(path).score
        for what, old, new in (
            ("data", before["inputs"]["data"], data),
            ("task definition", before["definition"], definition),
        ):
            if old != new:
                raise ValueError(
                    f"{path} holds a score of {what} {old[:16]}, this is one of {new[:16]}; give another --out"
                )
    return path


def write_score(folder: Path, score: dict[str, Any], items: pa.Table) -> None:
    """Raises ValueError as `result_folder` does."""
    path = result_folder(folder, score["task"], score["inputs"]["data"], score["definition"])
    results.write_results(path, score, items)


def load_tasks(args: argparse.Namespace, limits: list[int | None]) -> list[tuple[Task, Items]]:
    """The tasks of --task with the items of --data, by a limit only the first ones: one limit for all, or one for each.
    Sets the number of threads.

    Raises ValueError or FileNotFoundError, naming what is wrong with which flag or file.
    """
    if len(args.task) != len(args.data):
        raise ValueError(f"{len(args.task)} --task and {len(args.data)} --data; give each task its own data")
    if len(limits) not in (1, len(args.task)):
        raise ValueError(f"{len(args.task)} --task and {len(limits)} --limit; give one for all, or one for each")
    require_determinism(args.threads)
    tasks = [
        (task, load_items(task, data).first(limit))
        for name, data, limit in zip(args.task, args.data, limits * (len(args.task) // len(limits)), strict=True)
        for task in find_tasks(name)
    ]
    check_unique_names(task for task, _ in tasks)
    return tasks


def print_score(score: dict[str, Any]) -> None:
    print("\n".join(format_score(score)), flush=True)


def run(args: argparse.Namespace, show: Callable[[dict[str, Any]], None] = print_score) -> None:
    """`show` is called with each score as soon as it is written.

    Raises ValueError or FileNotFoundError, naming what is wrong with which flag or file."""
    tasks = load_tasks(args, [args.limit])
    args.out.mkdir(parents=True, exist_ok=True)
    for task, items in tasks:  # now, not after hours of computing
        result_folder(args.out, task.name, items.data, task.definition)
    device = pick_device()
    loaded = load_any(args.checkpoint, device)
    baselines = load_baselines(args.checkpoint, ShardSet(args.shards), device) if args.shards else {}
    for task, items in tasks:
        score, rows = score_task(loaded, task, items, args.batch_size, baselines)
        write_score(args.out, score, rows)
        show(score)


def main(argv: Sequence[str] | None = None) -> int:
    flags = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_flags(flags)
    try:
        run(flags.parse_args(argv))
    except (OSError, ValueError) as error:
        print(f"score: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

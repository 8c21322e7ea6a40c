"""Scores the checkpoints of a training run, for its learning curve:

    python -m training.evaluation.curve --checkpoint RUN --task NAME --data PATH --out DIR

Writes OUT/curve.json and OUT/curve.parquet, a row a checkpoint and task, the same bytes each time.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import torch

from corpus.lake.manifest import canonical_json
from training.checkpoints.checkpoint import MANIFEST, Checkpoints, read_manifest
from training.checkpoints.files import write_atomic
from training.distributed.device import pick_device
from training.evaluation.core import compute_core
from training.evaluation.flags import positive_int
from training.evaluation.items import Items
from training.evaluation.score import load_tasks, score_task
from training.evaluation.task import Task
from training.inference.loading import load_any

ABOUT_TASK = ("kind", "version", "definition", "metric", "higher_is_better", "n", "chance", "lost")

ROWS = pa.schema(
    [
        pa.field("step", pa.int64(), nullable=False),
        pa.field("tokens", pa.int64(), nullable=False),  # read in training so far
        pa.field("checkpoint", pa.string(), nullable=False),  # its digest
        pa.field("task", pa.string(), nullable=False),
        pa.field("n", pa.int64(), nullable=False),
        pa.field("value", pa.float64(), nullable=False),
        pa.field("low", pa.float64(), nullable=False),
        pa.field("high", pa.float64(), nullable=False),
    ]
)


def list_points(paths: Sequence[Path]) -> list[tuple[int, int, Path]]:
    """(step, tokens read, folder) of checkpoints, by step. A path is a checkpoint, or a run or folder of several.

    Raises FileNotFoundError where there is none, ValueError when they are of several runs.
    """
    points: dict[int, tuple[int, int, Path]] = {}
    runs = set()
    for path in paths:
        parent = path / "checkpoints" if (path / "checkpoints").is_dir() else path
        folders = [path] if (path / MANIFEST).is_file() else Checkpoints(parent, keep_last=1).all()
        if not folders:
            raise FileNotFoundError(f"{path} holds no checkpoint; give the --out of a run, or one of its checkpoints")
        for folder in folders:
            step = int(read_manifest(folder)["step"])
            run = json.loads((folder / "state.json").read_bytes())["run"]
            runs.add(canonical_json(run))
            if step in points or len(runs) > 1:
                raise ValueError(f"{folder} is of another run than {paths[0]}; a curve is of one run")
            points[step] = (step, step * run["train"]["global_batch"] * run["train"]["context"], folder)
    return [points[step] for step in sorted(points)]


def score_points(
    points: Sequence[tuple[int, int, Path]],
    tasks: Sequence[tuple[Task, Items]],
    device: torch.device,
    batch_size: int | None = None,
    show: Callable[[dict[str, Any], dict[str, Any]], None] | None = None,
) -> dict[str, Any]:
    """The content of curve.json: what each task is, and of each checkpoint its scores with their intervals and their
    centred mean. `show` is called with the tasks and each point (default: prints it)."""
    rows: list[dict[str, Any]] = []
    about: dict[str, dict[str, Any]] = {}
    for step, tokens, folder in points:
        loaded = load_any(folder, device)
        results = {task.name: score_task(loaded, task, items, batch_size)[0] for task, items in tasks}
        for name, result in results.items():
            about[name] = {**{field: result[field] for field in ABOUT_TASK}, "data": result["inputs"]["data"]}
        scores = {
            name: {bound: result["score"][bound] for bound in ("value", "low", "high")}
            for name, result in results.items()
        }
        rows.append(
            {
                "step": step,
                "tokens": tokens,
                "checkpoint": loaded.digest,
                "scores": scores,
                "core": compute_core(results),
            }
        )
        (show or print_point)(about, rows[-1])
    return {"tasks": about, "points": rows}


def print_point(tasks: dict[str, Any], point: dict[str, Any]) -> None:
    print("\n".join(format_point(tasks, point)), flush=True)


def format_point(tasks: dict[str, dict[str, Any]], point: dict[str, Any]) -> list[str]:
    lines = [f"step {point['step']:,}, {point['tokens']:,} tokens"]
    means = {} if point["core"] is None else {"core": point["core"]}
    for name, value in {**point["scores"], **means}.items():
        lost = tasks[name]["lost"] if name in tasks else None
        told = f"; {lost['texts']} texts do not come back from the tokenizer" if lost else ""
        of = f"of {tasks[name]['n']} items{told}" if name in tasks else f"over {', '.join(value['tasks'])}"
        lines.append(f"  {name:20} {value['value']:8.4f}   95 % [{value['low']:.4f}, {value['high']:.4f}] {of}")
    return lines


def write_curve(folder: Path, curve: dict[str, Any]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    rows = [
        {**{name: point[name] for name in ("step", "tokens", "checkpoint")}, "task": task, **score}
        | {"n": curve["tasks"][task]["n"]}
        for point in curve["points"]
        for task, score in point["scores"].items()
    ]
    sink = pa.BufferOutputStream()
    pq.write_table(pa.Table.from_pylist(rows, ROWS), sink, compression="zstd", write_page_checksum=True)
    write_atomic(folder / "curve.parquet", sink.getvalue().to_pybytes())
    write_atomic(folder / "curve.json", canonical_json(curve))


def add_flags(flags: argparse.ArgumentParser) -> None:
    flags.add_argument(
        "--checkpoint",
        type=Path,
        action="append",
        required=True,
        help="the --out of a training run, or one of its checkpoints; repeatable",
    )
    flags.add_argument(
        "--task",
        action="append",
        required=True,
        help="name of a task in the catalog, or a .py file that defines tasks; repeatable",
    )
    flags.add_argument(
        "--data",
        type=Path,
        action="append",
        required=True,
        help="file or folder of the task's data; one for each --task, in the same order",
    )
    flags.add_argument(
        "--out", type=Path, default=Path("scores"), help="folder for curve.json and curve.parquet (default: scores)"
    )
    flags.add_argument(
        "--batch-size",
        type=positive_int,
        help="sequences that are read at once (default: as many as fit into 4,096 tokens)",
    )
    flags.add_argument(
        "--limit",
        type=positive_int,
        action="append",
        help="score only the first N items: of all tasks, or one N for each --task",
    )
    flags.add_argument(
        "--threads",
        type=positive_int,
        default=2,
        help="CPU threads; another number may change the last digits of a score",
    )


def run(args: argparse.Namespace, show: Callable[[dict[str, Any], dict[str, Any]], None] | None = None) -> None:
    """`show` as in `score_points`.

    Raises ValueError or FileNotFoundError, naming what is wrong with which flag or file.
    """
    points = list_points(args.checkpoint)  # first: a wrong folder is refused at once, and tasks take seconds to load
    tasks = load_tasks(args, args.limit or [None])
    write_curve(args.out, score_points(points, tasks, pick_device(), args.batch_size, show))


def main(argv: Sequence[str] | None = None) -> int:
    flags = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_flags(flags)
    try:
        run(flags.parse_args(argv))
    except (OSError, ValueError) as error:
        print(f"curve: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

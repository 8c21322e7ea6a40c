"""Learning curve: what the checkpoints along a run score, all in one process:

    python -m training.evaluation.curve --checkpoint RUN --task NAME --data PATH --out DIR

Writes OUT/curve.json and OUT/curve.parquet, a row a checkpoint and task, the same bytes each time.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import torch

from corpus.lake.manifest import canonical_json
from training.checkpoints.checkpoint import MANIFEST, Checkpoints, read_manifest
from training.checkpoints.files import write_atomic
from training.distributed.parallel import pick_device
from training.evaluation.core import core
from training.evaluation.flags import count
from training.evaluation.items import Items
from training.evaluation.score import prepare, score
from training.evaluation.task import Task
from training.inference.loading import load

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


def along(paths: Sequence[Path]) -> list[tuple[int, int, Path]]:
    """(step, tokens read, folder) of checkpoints, by step. A path is one, or a run or folder that holds some.

    Raises FileNotFoundError where there is none, ValueError when they are of several runs.
    """
    found: dict[int, tuple[int, int, Path]] = {}
    runs = set()
    for path in paths:
        holder = path / "checkpoints" if (path / "checkpoints").is_dir() else path
        folders = [path] if (path / MANIFEST).is_file() else Checkpoints(holder, keep_last=1).all()
        if not folders:
            raise FileNotFoundError(f"{path} holds no checkpoint; give the --out of a run, or one of its steps")
        for folder in folders:
            step = int(read_manifest(folder)["step"])
            run = json.loads((folder / "state.json").read_bytes())["run"]
            runs.add(canonical_json(run))
            if step in found or len(runs) > 1:
                raise ValueError(f"{folder} is of another run than {paths[0]}; a curve is of one run")
            found[step] = (step, step * run["train"]["global_batch"] * run["train"]["context"], folder)
    return [found[step] for step in sorted(found)]


def curve(
    points: Sequence[tuple[int, int, Path]],
    asked: Sequence[tuple[Task, Items]],
    device: torch.device,
    size: int | None = None,
) -> dict[str, Any]:
    """The content of curve.json: what each task is, and of each checkpoint its scores with their intervals and their
    centred mean."""
    rows: list[dict[str, Any]] = []
    tasks: dict[str, dict[str, Any]] = {}
    for step, tokens, folder in points:
        loaded = load(folder, device)
        found = {task.name: score(loaded, task, items, size)[0] for task, items in asked}
        for name, one in found.items():
            about = ("kind", "version", "definition", "metric", "higher_is_better", "n", "chance")
            tasks[name] = {**{field: one[field] for field in about}, "data": one["inputs"]["data"]}
        scores = {
            name: {bound: one["score"][bound] for bound in ("value", "low", "high")} for name, one in found.items()
        }
        rows.append(
            {"step": step, "tokens": tokens, "checkpoint": loaded.digest, "scores": scores, "core": core(found)}
        )
        print("\n".join(lines(tasks, rows[-1])), flush=True)
    return {"tasks": tasks, "points": rows}


def lines(tasks: dict[str, dict[str, Any]], point: dict[str, Any]) -> list[str]:
    shown = [f"step {point['step']:,}, {point['tokens']:,} tokens"]
    means = {} if point["core"] is None else {"core": point["core"]}
    for name, one in {**point["scores"], **means}.items():
        of = f"of {tasks[name]['n']} items" if name in tasks else f"over {', '.join(one['tasks'])}"
        shown.append(f"  {name:20} {one['value']:8.4f}   95 % [{one['low']:.4f}, {one['high']:.4f}] {of}")
    return shown


def write(folder: Path, found: dict[str, Any]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    rows = [
        {**{name: point[name] for name in ("step", "tokens", "checkpoint")}, "task": task, **one}
        | {"n": found["tasks"][task]["n"]}
        for point in found["points"]
        for task, one in point["scores"].items()
    ]
    sink = pa.BufferOutputStream()
    pq.write_table(pa.Table.from_pylist(rows, ROWS), sink, compression="zstd", write_page_checksum=True)
    write_atomic(folder / "curve.parquet", sink.getvalue().to_pybytes())
    write_atomic(folder / "curve.json", canonical_json(found))


def add_flags(flags: argparse.ArgumentParser) -> None:
    flags.add_argument(
        "--checkpoint", type=Path, action="append", required=True, help="a run, or one of its checkpoints; repeatable"
    )
    flags.add_argument(
        "--task", action="append", required=True, help="a name of the catalogue, or a .py file with tasks"
    )
    flags.add_argument(
        "--data", type=Path, action="append", required=True, help="its file or folder, in the same order"
    )
    flags.add_argument("--out", type=Path, default=Path("scores"), help="curve.json goes there (default: scores)")
    flags.add_argument("--batch-size", type=count, help="questions at once (default: as many as 4,096 tokens hold)")
    flags.add_argument(
        "--limit",
        type=count,
        action="append",
        help="the first N items alone: of all tasks, or of each in the same order",
    )
    flags.add_argument("--threads", type=count, default=2, help="part of the result: a sum's last bit follows them")


def run(given: argparse.Namespace) -> None:
    """Raises ValueError or FileNotFoundError, naming what is wrong with which flag or file."""
    points = along(given.checkpoint)  # first: a wrong folder is found at once, and tasks take seconds to load
    asked = prepare(given, given.limit or [None])
    write(given.out, curve(points, asked, pick_device(), given.batch_size))


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

"""Score: asks a checkpoint the items of benchmarks, on this machine."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any

from headwater.options import CHECKPOINT, add_lake, add_recipe
from headwater.terminal import json_line
from training.evaluation.flags import add_flags

DESCRIPTION = (
    "Score a checkpoint on benchmarks with lm-eval. Writes OUT/TASK/score.json and items.parquet, a row for each item, "
    "and prints the score with its interval. Nothing is downloaded."
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_flags(parser, CHECKPOINT)
    add_lake(parser)
    add_recipe(parser)
    parser.add_argument(
        "--every-checkpoint",
        action="store_true",
        help="score all checkpoints of a run: writes OUT/curve.json and curve.parquet",
    )


def run(args: argparse.Namespace) -> int:
    """With --json prints an object for each task, or for each checkpoint."""
    if args.every_checkpoint and args.shards:
        raise ValueError("--shards: baselines are scored beside one checkpoint, not beside --every-checkpoint")
    from headwater.checkpoints import checkpoints_of_run, resolve_checkpoint

    folder = resolve_checkpoint(str(args.checkpoint), args.lake, args.recipe)
    if args.every_checkpoint:
        from training.evaluation import curve

        limits = [args.limit] if args.limit is not None else None
        settings = {**vars(args), "checkpoint": checkpoints_of_run(folder), "limit": limits}

        def show_point(tasks: dict[str, Any], point: dict[str, Any]) -> None:
            _print(args.json, {**point, "tasks": tasks}, curve.format_point(tasks, point))

        curve.run(argparse.Namespace(**settings), show_point)
    else:
        from training.evaluation import score
        from training.evaluation.score_lines import format_score

        def show_score(result: dict[str, Any]) -> None:
            _print(args.json, result, format_score(result))

        score.run(argparse.Namespace(**{**vars(args), "checkpoint": folder}), show_score)
    return 0


def _print(as_json: bool, value: dict[str, Any], lines: Sequence[str]) -> None:
    print(json_line(value) if as_json else "\n".join(lines), flush=True)

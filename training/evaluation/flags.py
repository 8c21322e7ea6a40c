"""Flags of `headwater score`, apart from what runs it, so that a help text needs no torch."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from training.inference.flags import positive_int

CHECKPOINT = "a checkpoint, the --out of a training run, or a Hugging Face folder"


def add_flags(flags: argparse.ArgumentParser, checkpoint: str = CHECKPOINT) -> None:
    """`checkpoint`: what --checkpoint may be, for the help text."""
    flags.add_argument("--list", action=_List, nargs=0, help="print the tasks of the catalog: name, metric and files")
    flags.add_argument(
        "--checkpoint",
        type=Path,
        required=True,
        help=checkpoint,
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
        "--out", type=Path, default=Path("scores"), help="folder for the results, one folder a task (default: scores)"
    )
    flags.add_argument(
        "--batch-size",
        type=positive_int,
        help="sequences that are read at once (default: as many as fit into 4,096 tokens)",
    )
    flags.add_argument("--limit", type=positive_int, help="score only the first N items, to try a task")
    flags.add_argument(
        "--shards",
        help="shards that the checkpoint was trained on: adds the untrained model and a unigram as baselines",
    )
    flags.add_argument(
        "--threads",
        type=positive_int,
        default=2,
        help="CPU threads; another number may change the last digits of a score",
    )


class _List(argparse.Action):
    def __call__(self, parser: argparse.ArgumentParser, *_: Any) -> None:
        from training.evaluation.catalog import format_catalog

        print("\n".join(format_catalog()))
        parser.exit()

"""Flags of `headwater score`, apart from what runs it, so that a help text needs no torch."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any


def count(text: str) -> int:
    """A flag's number, of at least one."""
    found = int(text)
    if found < 1:
        raise argparse.ArgumentTypeError(f"{found}: at least 1 is needed")
    return found


def add_flags(flags: argparse.ArgumentParser) -> None:
    flags.add_argument("--list", action=_List, nargs=0, help="print the tasks: name, metric, and the file each reads")
    flags.add_argument(
        "--checkpoint",
        type=Path,
        required=True,
        help="a checkpoint, the --out of a training run, or a Hugging Face folder",
    )
    flags.add_argument(
        "--task", action="append", required=True, help="a name of the catalogue, or a .py file with tasks"
    )
    flags.add_argument(
        "--data", type=Path, action="append", required=True, help="its file or folder, in the same order"
    )
    flags.add_argument("--out", type=Path, default=Path("scores"), help="TASK/ is written in it (default: scores)")
    flags.add_argument("--batch-size", type=count, help="questions at once (default: as many as 4,096 tokens hold)")
    flags.add_argument("--limit", type=count, help="the first N items alone, to try a task")
    flags.add_argument("--shards", help="what the checkpoint was trained on: adds the untrained model and a unigram")
    flags.add_argument("--threads", type=count, default=2, help="part of the result: a sum's last bit follows them")


class _List(argparse.Action):
    def __call__(self, parser: argparse.ArgumentParser, *_: Any) -> None:
        from training.evaluation.catalog import listing

        print("\n".join(listing()))
        parser.exit()

"""Risks: what a model, and the filters behind it, may do wrong."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from headwater.options import CHECKPOINT, add_lake, add_recipe, positive_int
from headwater.terminal import json_line
from training.risks import flags

DESCRIPTION = (
    "Measure what a model may do wrong, as one table with intervals: errors in its input, training text that it says "
    "word for word or gives away, bias, toxic text and personal data in what it writes, planted secrets; and which "
    "documents the recipe's filters drop. Texts are those of the recipe in the lake, or of --seen and --unseen."
)
NAMES = (*flags.NAMES, "texts", "seen", "unseen", "threads", "recipe", "lake", "out")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("checkpoint", nargs="?", default="latest", metavar="CHECKPOINT", help=f"{CHECKPOINT} (latest)")
    add_lake(parser)
    add_recipe(parser)
    parser.add_argument(
        "--seen", action="append", default=[], metavar="PATH", help="texts that the model was trained on; repeatable"
    )
    parser.add_argument(
        "--unseen",
        action="append",
        default=[],
        metavar="PATH",
        help="texts of the same kind that it was not",
    )
    parser.add_argument("--texts", type=positive_int, default=200, metavar="N", help="of each, at most (200)")
    flags.add_flags(parser)
    parser.add_argument("--out", type=Path, metavar="DIR", help="also write DIR/risks.json and DIR/risks.md")
    parser.add_argument("--threads", type=positive_int, default=2, metavar="N", help="CPU threads (2)")


def run(args: argparse.Namespace) -> int:
    """With --json an object for each finding."""
    from headwater.model_actions import measure_risks

    def say(part: str) -> None:
        if not args.quiet:
            print(f"{part} ...", file=sys.stderr)

    given = {name: getattr(args, name) for name in NAMES}
    found = measure_risks(args.checkpoint, say=say, benchmarks=flags.parse_benchmarks(args.benchmark), **given)
    from training.risks.findings import as_rows, lines

    for line in map(json_line, as_rows(found)) if args.json else lines(found):
        print(line)
    return 0

"""Compare: tells whether the scores of two recipes or two checkpoints, alone or in several seeds each, differ."""

from __future__ import annotations

import argparse

from headwater.options import add_lake
from headwater.terminal import json_line

DESCRIPTION = (
    "Compare two sides item by item, on each task that both have: first the smallest effect that could have been "
    "detected, then the difference, its interval, and p corrected for the number of tasks. Nothing is scored: recipes "
    "have the scores of their reports. Results of another version, definition, data or prompt are refused."
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    for side in ("a", "b"):
        parser.add_argument(
            side,
            metavar=side.upper(),
            help="a recipe that the lake has scores of, or a folder that `headwater score --out` wrote; for several "
            "seeds, names separated by commas",
        )
    add_lake(parser)
    parser.add_argument(
        "--groups", action="store_true", help="also show the parts of each task, such as subjects, without tests"
    )


def run(args: argparse.Namespace) -> int:
    from corpus.lake.store import Lake
    from headwater.comparison.comparison import as_object, lines
    from headwater.comparison.sides import compare_sides

    comparison = compare_sides(args.a, args.b, Lake(args.lake))
    for line in [json_line(as_object(comparison))] if args.json else lines(comparison, args.groups):
        print(line)
    return 0

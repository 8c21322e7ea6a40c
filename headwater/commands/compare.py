"""Compare: tells whether the scores of two checkpoints, or of two recipes with several seeds each, differ."""

from __future__ import annotations

import argparse

DESCRIPTION = (
    "Compare two sides item by item, on each task that both have: first the smallest effect that could have been "
    "detected, then the difference, its interval, and p corrected for the number of tasks. Results of another version, "
    "definition, data or prompt are refused."
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    for side in ("a", "b"):
        parser.add_argument(
            side,
            metavar=side.upper(),
            help="folder that `headwater score --out` wrote; for several seeds, folders separated by commas",
        )
    parser.add_argument(
        "--groups", action="store_true", help="also show the parts of each task, such as subjects, without tests"
    )


def run(args: argparse.Namespace) -> int:
    from headwater.comparison import as_json, lines, split_folders
    from training.significance.comparison import compare

    comparison = compare(split_folders(args.a), split_folders(args.b))
    for line in [as_json(comparison)] if args.json else lines(comparison, args.groups):
        print(line)
    return 0

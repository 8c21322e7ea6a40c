"""Collect: deletes the datasets that no recipe needs any more."""

from __future__ import annotations

import argparse

from headwater.confirmation import confirm
from headwater.options import add_lake
from headwater.terminal import json_line

DESCRIPTION = (
    "Delete the datasets that no recipe needs any more: neither what it stands for now, nor what its report tells of, "
    "nor what these were made of. Shows them first."
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--dry-run", action="store_true", help="show what would be deleted, and delete nothing")
    parser.add_argument("--yes", action="store_true", help="do not ask before anything is deleted")
    add_lake(parser)


def run(args: argparse.Namespace) -> int:
    """With --json one object: what is not needed, and whether it was deleted."""
    from dataclasses import asdict

    from headwater.forgetting import collection
    from headwater.lakes import existing_lake

    lake = existing_lake(args.lake)
    unneeded = collection.find_collectable(lake)
    if not args.json and (args.dry_run or not args.quiet):
        for line in collection.lines(unneeded):
            print(line, flush=True)
    deletes = bool(unneeded) and not args.dry_run
    if deletes:
        if not confirm(f"Delete {len(unneeded):,} datasets and folders from {lake.url}?", args.yes):
            return 1
        collection.collect(lake, unneeded)
    if args.json:
        print(json_line({"unneeded": [asdict(one) for one in unneeded], "deleted": deletes}))
    elif deletes and not args.quiet:
        print("deleted")
    return 0

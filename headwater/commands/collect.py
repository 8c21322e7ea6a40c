"""Collect: deletes the datasets that no recipe needs any more."""

from __future__ import annotations

import argparse

from headwater.confirmation import confirm
from headwater.options import add_lake
from headwater.terminal import json_line, one_line

DESCRIPTION = (
    "Delete the datasets that no recipe needs any more: neither what it stands for now, nor what its report tells of, "
    "nor what these were made of; and what killed runs left. Shows them first."
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--dry-run", action="store_true", help="show what would be deleted, and delete nothing")
    parser.add_argument("--yes", action="store_true", help="do not ask before anything is deleted")
    add_lake(parser)


def run(args: argparse.Namespace) -> int:
    """With --json one object: what is not needed, unfinished uploads, and whether all that was deleted."""
    from dataclasses import asdict

    from corpus.lake.uploads import abort_uploads, find_abandoned_uploads
    from headwater.forgetting import collection
    from headwater.lakes import existing_lake

    lake = existing_lake(args.lake)
    unneeded, uploads = collection.find_collectable(lake), find_abandoned_uploads(lake)
    if not args.json and (args.dry_run or not args.quiet):
        for line in collection.lines(unneeded):
            print(line, flush=True)
        for upload in uploads:
            print(f"{one_line(upload.path)}  unfinished upload, begun {upload.begun:%Y-%m-%d %H:%M} UTC", flush=True)
        if not lake.local:
            print("nothing tells whether another machine computes in this lake now: make sure that none does")
    deletes = bool(unneeded or uploads) and not args.dry_run
    if deletes:
        also = f", and abort {len(uploads):,} uploads" if uploads else ""
        if not confirm(f"Delete {len(unneeded):,} datasets and folders from {lake.url}{also}?", args.yes):
            return 1
        collection.collect(lake, unneeded)
        abort_uploads(lake, uploads)
    if args.json:
        about = {"unneeded": [asdict(one) for one in unneeded], "uploads": [upload.path for upload in uploads]}
        print(json_line({**about, "deleted": deletes}))
    elif deletes and not args.quiet:
        print("deleted")
    return 0

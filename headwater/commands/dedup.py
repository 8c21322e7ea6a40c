"""Dedup: removes duplicates from files of documents of any origin."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from pathlib import Path

from headwater.options import add_choice
from headwater.terminal import json_line, printable

DESCRIPTION = (
    "Of documents that are equal, or nearly equal, keep the longest; of equally long ones the one with the smallest "
    "id. Writes DIR/survivors.parquet, and DIR/ledger.parquet: which documents were removed, for which one that is "
    "kept, and how similar the two are. Replaces files of these names in DIR, and leaves other files alone."
)
MEASURES = ("jaccard", "containment")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "paths", nargs="+", metavar="FILE", help="Parquet, JSON lines (.jsonl), CSV or TSV; also .gz, .zst"
    )
    parser.add_argument("--out", required=True, metavar="DIR", help="folder for survivors.parquet and ledger.parquet")
    parser.add_argument(
        "--threshold",
        type=float,
        default=0.8,
        metavar="S",
        help="minimum similarity of near duplicates, 0 to 1 (default: 0.8)",
    )
    text = "similarity of two documents by their 5-grams of words: the Jaccard index, or the share of the removed "
    add_choice(parser, "--measure", MEASURES, text + "document's 5-grams that the kept one contains")
    parser.add_argument(
        "--id",
        default="id",
        metavar="COLUMN",
        help="column of unique strings or integers, a nested one as meta.id (default: id)",
    )
    parser.add_argument("--text", default="text", metavar="COLUMN", help="column of the texts (default: text)")


def run(args: argparse.Namespace) -> int:
    from corpus.duplicates.banding import DuplicateConfig
    from headwater.deduplication import deduplicate_files, format_summary

    config = DuplicateConfig(threshold=args.threshold, measure=args.measure)
    summary = deduplicate_files(args.paths, args.id, args.text, config, Path(args.out))
    if args.json:
        print(json_line(asdict(summary)))
    elif not args.quiet:
        for line in format_summary(summary):
            print(printable(line))
    return 0

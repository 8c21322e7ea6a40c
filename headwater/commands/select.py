"""Select: fits a model by which a recipe keeps the documents that are most like chosen texts."""

from __future__ import annotations

import argparse
from dataclasses import asdict

from headwater.options import add_lake, add_recipe
from headwater.terminal import json_line, printable

DESCRIPTION = (
    "Fit a model that tells how like some reference texts a document is, by its words and pairs of words, beside the "
    "clean documents of a lake. A recipe with clean.selection.model keeps the share clean.selection.keep of them. "
    "Writes FILE; changes nothing in the lake."
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "reference",
        nargs="+",
        metavar="REFERENCE",
        help="texts of the kind that is wanted: a file or folder, or any URL, of a kind that --crawl takes",
    )
    parser.add_argument("--out", required=True, metavar="FILE", help="file for the model, such as like-books.npz")
    parser.add_argument(
        "--text", metavar="COLUMN", help="column of the reference texts, a nested one as meta.text (default: text)"
    )
    parser.add_argument(
        "--language",
        action="append",
        default=[],
        metavar="CODE",
        help="fit on the documents in this language, such as en; repeatable (default: all)",
    )
    parser.add_argument(
        "--sample",
        type=int,
        default=100_000,
        metavar="N",
        help="number of documents to fit on, at most (default: 100000)",
    )
    add_lake(parser)
    add_recipe(parser)


def run(args: argparse.Namespace) -> int:
    if args.sample < 1:
        raise ValueError(f"--sample {args.sample}: give the number of documents to fit on, at least 1")
    from headwater.actions import fit_selection
    from headwater.selection import lines

    fitted = fit_selection(
        args.reference,
        args.out,
        text=args.text,
        languages=args.language,
        sample=args.sample,
        recipe=args.recipe,
        lake=args.lake,
    )
    for line in [json_line(asdict(fitted))] if args.json else map(printable, lines(fitted)):
        print(line)
    return 0

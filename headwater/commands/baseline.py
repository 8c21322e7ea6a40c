"""Baseline: describes held-out texts as a model reads them, for `headwater serve` to compare prompts with."""

from __future__ import annotations

import argparse
from pathlib import Path

from headwater.options import CHECKPOINT, add_lake, add_recipe, positive_int
from headwater.terminal import json_line

DESCRIPTION = (
    "Write shares of languages, lengths in tokens and bits per byte of texts as a model reads them. With `headwater "
    "serve --baseline FILE`, /metrics tells how far prompts are from them. Texts are the held-out documents of the "
    "recipe in the lake, or those of --texts. Nothing of a text is in FILE. Needs `pip install 'headwater[serve]'`."
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("checkpoint", nargs="?", default="latest", metavar="CHECKPOINT", help=f"{CHECKPOINT} (latest)")
    parser.add_argument("--out", type=Path, required=True, metavar="FILE", help="to write, as JSON")
    add_lake(parser)
    add_recipe(parser)
    parser.add_argument(
        "--texts", action="append", default=[], metavar="PATH", help="texts as `--crawl` takes them; repeatable"
    )
    parser.add_argument("--limit", type=positive_int, default=500, metavar="N", help="texts to read, at most (500)")
    parser.add_argument("--threads", type=positive_int, default=2, metavar="N", help="CPU threads (2)")


def run(args: argparse.Namespace) -> int:
    """Prints what was written; with --json as an object."""
    from headwater.model_actions import make_baseline

    baseline = make_baseline(
        args.out,
        args.checkpoint,
        texts=args.texts,
        limit=args.limit,
        threads=args.threads,
        recipe=args.recipe,
        lake=args.lake,
    )
    said = {"file": str(args.out), "texts": baseline.texts, "languages": dict(baseline.languages)}
    about = ", ".join(f"{code} {share:.0%}" for code, share in baseline.languages.items() if share)
    print(json_line(said) if args.json else f"{args.out}: {baseline.texts:,} texts; {about}")
    return 0

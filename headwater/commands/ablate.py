"""Ablate: changes a recipe in one thing, and tells what that does to documents, tokens and scores."""

from __future__ import annotations

import argparse
from contextlib import nullcontext

from headwater.engine_options import add_engine, chosen_engine
from headwater.logs import divert_stdout
from headwater.options import add_crawls, add_lake, add_limit, positive_int
from headwater.terminal import json_line

DESCRIPTION = (
    "Compare a recipe with the same one changed, each in several seeds. Says first what will be computed, what is "
    "there already, what that costs and which effect could be seen; then computes; then shows which documents came and "
    "went, and whether the scores differ. The arms are recipes of the lake: more seeds or changes reuse what is there."
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--base", default="demo", metavar="NAME", help="the recipe that is changed (default: demo)")
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        dest="settings",
        metavar="KEY=VALUE",
        help="a setting, by the name that `headwater recipes show` prints; repeatable",
    )
    parser.add_argument(
        "--drop",
        action="append",
        default=[],
        metavar="WHAT",
        help="leave out deduplicate, trim, mask, or a quality rule; repeatable",
    )
    parser.add_argument(
        "--without",
        action="append",
        default=[],
        metavar="host:NAME",
        help="leave out all documents of a host and of those below it; repeatable",
    )
    parser.add_argument("--seeds", type=positive_int, default=3, metavar="N", help="runs of each side (default: 3)")
    parser.add_argument("--dry-run", action="store_true", help="say what would be computed, and compute nothing")
    add_crawls(parser)
    add_lake(parser)
    add_engine(parser)
    add_limit(parser, "number of documents of each reason", 2)


def run(args: argparse.Namespace) -> int:
    """With --json an object for the forecast, and unless --dry-run one for what was found."""
    from dataclasses import asdict

    from corpus.lake.store import Lake
    from corpus.sources import crawl_id
    from headwater.ablation import forecast
    from headwater.ablation.arms import make_design
    from headwater.crawl_keys import resolve_crawls

    if not args.settings and not args.drop and not args.without:
        raise ValueError("nothing is to be changed: give --set KEY=VALUE, --drop WHAT or --without host:NAME")
    lake = Lake(args.lake)
    design = make_design(lake, args.base, args.settings, args.drop, args.without, args.seeds)
    crawls = resolve_crawls(args.crawl or design.a[0].recipe.crawls)
    expected = forecast.make_forecast(lake, design, [crawl_id(key) for key in crawls])
    if args.dry_run or not args.quiet:
        for line in [json_line(asdict(expected))] if args.json else forecast.lines(expected):
            print(line, flush=True)
    if args.dry_run:
        return 0
    from headwater.ablation import ablation

    with divert_stdout(quiet=args.quiet) if args.json or args.quiet else nullcontext():
        found = ablation.ablate(lake, design, crawls, chosen_engine(args), args.limit, args.quiet)
    if not args.json:
        print()
    for line in [json_line(ablation.as_object(found))] if args.json else ablation.lines(found):
        print(line)
    return 0

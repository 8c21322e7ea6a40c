"""Tune: chooses settings of a recipe by the loss on held-out text."""

from __future__ import annotations

import argparse

from headwater.engine_options import add_engine, chosen_engine
from headwater.options import add_choice, add_crawls, add_lake, non_negative_int, positive_int
from headwater.terminal import json_line, one_line

DESCRIPTION = (
    "Train a recipe with settings out of given ranges, trial by trial, and choose those with the least loss on "
    "held-out text. What trials have in common is computed once; hopeless ones are stopped early; a study that was "
    "killed goes on. At the end the best three and the recipe itself are trained again with new seeds, and the best is "
    "written as a recipe."
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("recipe", metavar="RECIPE", help="the recipe that is tuned, as `headwater recipes` lists them")
    parser.add_argument(
        "--set-range",
        action="append",
        default=[],
        dest="ranges",
        metavar="NAME=RANGE",
        help="what a setting may be: LOW:HIGH, LOW:HIGH:log, LOW:HIGH:int, LOW:HIGH:step=S or A,B,C; names as "
        "`headwater recipes show` prints them; repeatable",
    )
    parser.add_argument("--trials", type=positive_int, default=20, metavar="N", help="trials in all (default: 20)")
    add_choice(parser, "--method", ("tpe", "random", "grid", "gp"), "how settings are chosen")
    parser.add_argument(
        "--pruner",
        choices=("median", "hyperband", "none"),
        help="what stops hopeless trials (default: median; none where trials differ in their data)",
    )
    parser.add_argument(
        "--seeds", type=positive_int, default=3, metavar="N", help="new seeds of the last comparison (default: 3)"
    )
    parser.add_argument("--seed", type=non_negative_int, default=0, metavar="N", help="of the search (default: 0)")
    parser.add_argument("--at-once", type=positive_int, default=1, metavar="N", help="trials at a time (default: 1)")
    parser.add_argument("--study", metavar="NAME", help="the study that is begun or goes on (default: RECIPE-tuning)")
    parser.add_argument(
        "--storage",
        metavar="URL",
        help="where Optuna keeps the study, such as postgresql://... (default: beside the lake)",
    )
    add_crawls(parser)
    add_lake(parser)
    add_engine(parser)


def run(args: argparse.Namespace) -> int:
    """A line a trial, then the comparison; with --json one object at the end."""
    from corpus.lake.store import Lake
    from headwater.crawl_keys import resolve_crawls
    from headwater.tuning.ranges import parse_range
    from headwater.tuning.study import load_optuna
    from recipes.files import find_recipe

    load_optuna()
    lake = Lake(args.lake)
    recipe = find_recipe(lake, args.recipe).recipe
    ranges = tuple(map(parse_range, args.ranges))
    crawls = resolve_crawls(args.crawl or recipe.crawls)
    from headwater.tuning import tuning

    names = ("recipe", "trials", "method", "pruner", "seeds", "seed", "at_once", "study", "storage")
    options = tuning.Options(ranges=ranges, **{name: getattr(args, name) for name in names})

    def say(line: str) -> None:
        if not args.quiet and not args.json:
            print(one_line(line), flush=True)

    found = tuning.tune(lake, options, crawls, chosen_engine(args), say)
    for line in [json_line(tuning.as_object(found))] if args.json else tuning.lines(found):
        print(line)
    return 0

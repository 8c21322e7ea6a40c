"""Labels: how far the rules of recipes agree with the marks that `headwater view` keeps."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING

from headwater.options import add_lake, add_limit, add_recipe
from headwater.terminal import json_line, one_line

if TYPE_CHECKING:
    from headwater.viewing.agreement import Agreement, Disagreement, Share

DESCRIPTION = (
    "Applies the rules of recipes to the documents that are marked in LAKE/labels.jsonl, by what the lake has measured "
    "of them: precision and recall of dropping, each rule's share in that, and the documents that were marked "
    "otherwise. A recipe need not have been run."
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "rules",
        nargs="*",
        metavar="RECIPE",
        help="recipes whose rules to apply (default: that whose datasets are read)",
    )
    add_lake(parser)
    add_recipe(parser)
    add_limit(parser, "documents that were marked otherwise, of each recipe,", 10)


def run(args: argparse.Namespace) -> int:
    """With --json an object for each recipe, with all of its documents."""
    from headwater.lakes import open_lake
    from headwater.viewing.agreement import judge_recipe

    lake = open_lake(args.lake, args.recipe)
    for agreement in [judge_recipe(lake, name) for name in args.rules or [None]]:
        for line in [json_line(asdict(agreement))] if args.json else lines(agreement, args.limit):
            print(line)
    return 0


def lines(agreement: Agreement, limit: int) -> Iterator[str]:
    yield f"{one_line(agreement.recipe)}: {agreement.judged:,} of {agreement.labels:,} labels judged"
    yield f"  precision   {_share(agreement.precision)} of what the rules drop is marked drop"
    yield f"  recall      {_share(agreement.recall)} of what is marked drop is dropped"
    for rule in agreement.rules:
        alone = f", {rule.alone:,} of these by no other rule" if rule.wrongly else ""
        yield f"  {one_line(rule.rule):24}  drops {rule.rightly:,} rightly, {rule.wrongly:,} wrongly{alone}"
    for one in agreement.disagreements[:limit]:
        yield _disagreement(one)
    if len(agreement.disagreements) > limit:
        yield f"  {len(agreement.disagreements) - limit:,} more that were marked otherwise"
    if agreement.unjudged:
        yield f"  {len(agreement.unjudged):,} labels of records of which the lake has no measures"
    if agreement.not_judged_by:
        yield f"  not counted, as no rule on measures: {', '.join(agreement.not_judged_by)}"


def _share(share: Share) -> str:
    if share.value is None:
        return "none: 0"
    return f"{share.value:.3f} [{share.low:.3f}, {share.high:.3f}], {share.part:,} of {share.whole:,}:"


def _disagreement(one: Disagreement) -> str:
    why = "; ".join(f"{failure.rule} {failure.value:.4g} (bound {failure.threshold:g})" for failure in one.failures)
    note = f" [{one_line(one.label.note)}]" if one.label.note else ""
    return f"  marked {one.label.mark}: {one.label.doc_id}  {one_line(one.label.url or '-')}  {why or 'no rule'}{note}"

"""Contamination: which benchmark items occur in which documents."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from typing import TYPE_CHECKING

from headwater.options import add_lake, add_limit, add_recipe
from headwater.terminal import field, json_line, one_line, quoted

if TYPE_CHECKING:
    from corpus.audit.contamination import Match, Matched

MAX_CHARACTERS = 600  # of a text that are shown
HEADER = ("task", "items", "too short", "matched", "trained on", "documents", "removed")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_lake(parser)
    add_recipe(parser)
    parser.add_argument("--task", metavar="TASK", help="only this benchmark")
    add_limit(parser, "number of matches", 3)


def run(args: argparse.Namespace) -> int:
    from corpus.audit.contamination import gather_matches, latest
    from headwater.lakes import open_lake

    lake = open_lake(args.lake, args.recipe)
    manifests = latest(lake)
    if not manifests:
        raise ValueError(
            f"the lake {lake.url} was compared with no benchmark: `headwater demo --benchmark TASK=PATH` does that"
        )
    report = gather_matches(lake, manifests, list(lake.datasets("split")), args.limit, args.task)
    for line in json_lines(report) if args.json else lines(report):
        print(line)
    return 0


def lines(report: Matched) -> Iterator[str]:
    width = max(len(task.task) for task in report.tasks)
    yield f"{HEADER[0]:{width}}" + "".join(f"  {name:>10}" for name in HEADER[1:])
    for task in report.tasks:
        numbers = (task.items, task.too_short, task.matched, task.trained_on, task.documents, task.removed)
        yield f"{one_line(task.task):{width}}" + "".join(f"  {number:>10,}" for number in numbers)
    shown = f", {len(report.sample)} of them:" if report.sample else ""
    yield f"\n{report.found:,} matches{shown}"
    for match in report.sample:
        yield ""
        yield from _match_lines(match)


def _match_lines(match: Match) -> Iterator[str]:
    kind = "word for word" if match.kind == "ngram" else "nearly"
    yield f"{one_line(match.task)} {one_line(match.item_id)}  {one_line(match.part)}, {match.measure:.0%} {kind}"
    yield from field("item", "" if match.text is not None else "no longer in the lake")
    yield from quoted((match.text or "")[:MAX_CHARACTERS])
    yield from field("document", f"{match.doc_id.hex()}  {one_line(match.url or '-')}")
    end = match.warc_offset + match.warc_length
    yield from field("source", f"{one_line(match.warc_file)} from {match.warc_offset} to {end}")
    yield from field("there", f"from character {match.start}")
    yield from quoted(match.matched[:MAX_CHARACTERS])
    yield from field("", "removed" if match.removed else "kept")


def json_lines(report: Matched) -> Iterator[str]:
    """An object for each task, then one for each match, with all its text."""
    for task in report.tasks:
        yield json_line(vars(task))
    for match in report.sample:
        yield json_line({**vars(match), "doc_id": match.doc_id.hex()})

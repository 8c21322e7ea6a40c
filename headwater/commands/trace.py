"""Trace: a page or a host down to the training steps that read it, a step back to its source records, a score to all
that it was made of, a text to the training documents that hold its words."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

from headwater.options import add_lake, add_limit, add_recipe, positive_int
from headwater.terminal import json_line, printable
from headwater.tracing.trace_lines import host_lines, page_lines, score_lines, step_lines, text_lines

if TYPE_CHECKING:
    from corpus.lake.store import Lake
    from headwater.tracing.host_trace import HostTrace
    from headwater.tracing.page_trace import PageTrace
    from headwater.tracing.score_trace import ScoreTrace
    from headwater.tracing.step_trace import StepTrace
    from headwater.tracing.text_questions import Question
    from headwater.tracing.text_trace import TextTrace


def add_arguments(parser: argparse.ArgumentParser) -> None:
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument(
        "page",
        nargs="?",
        metavar="PAGE|HOST",
        help="a page's URL, also without its scheme or only its beginning, or its doc_id in hex; or a host, such as "
        "example.org (with a slash at the end it is the page)",
    )
    what.add_argument("--step", type=positive_int, metavar="N", help="a training step, from 1")
    what.add_argument("--score", metavar="TASK", help="the scores of a task, with all datasets they were made of")
    what.add_argument(
        "--text", metavar="TEXT", help="a text: its longest spans that stand word for word in the training tokens"
    )
    what.add_argument(
        "--sample",
        metavar="FILE",
        help="as --text, for a file, - for stdin, or each `text` of a .jsonl file that `generate --json` printed",
    )
    what.add_argument("--item", metavar="TASK/ID", help="as --text, for each part of an item of a benchmark")
    add_lake(parser)
    add_recipe(parser)
    add_limit(parser, "spans of a text", 10)


def run(args: argparse.Namespace) -> int:
    from headwater.lakes import open_lake

    lake = open_lake(args.lake, args.recipe)
    if args.page is not None:
        _trace_page_or_host(lake, args)
    elif args.step is not None:
        from headwater.tracing.step_trace import trace_step

        steps = trace_step(lake, args.step)
        _print(steps, step_lines(steps), args.json)
    elif args.score is not None:
        from headwater.tracing.score_trace import trace_score

        scores = trace_score(lake, args.score)
        _print(scores, score_lines(scores), args.json)
    else:
        from headwater.tracing.text_trace import open_tracers

        questions = _questions(lake, args)
        for tracer in open_tracers(lake):
            for question in questions:
                text = tracer.trace(question.text, limit=args.limit)
                _print([text], text_lines(question.name, text), args.json)
    return 0


def _trace_page_or_host(lake: Lake, args: argparse.Namespace) -> None:
    from corpus.lineage.records import Records
    from headwater.tracing.page_search import is_host

    records = Records(lake)
    if is_host(records, args.page):
        from headwater.tracing.host_trace import trace_host

        host = trace_host(lake, args.page, records)
        _print([host], host_lines(host), args.json)
    else:
        from headwater.tracing.page_trace import trace_page

        pages = trace_page(lake, args.page, records)
        _print(pages, page_lines(pages), args.json)


def _questions(lake: Lake, args: argparse.Namespace) -> list[Question]:
    from headwater.tracing.text_questions import Question, read_item, read_sample

    if args.text is not None:
        return [Question(name="text", text=args.text)]
    return read_sample(args.sample) if args.sample is not None else read_item(lake, args.item)


def _print(
    traces: Sequence[PageTrace | HostTrace | StepTrace | ScoreTrace | TextTrace],
    text: Iterator[str],
    json: bool,
) -> None:
    """With --json an object for each record of the page, host, checkpoint, score or text."""
    for line in map(json_line, map(asdict, traces)) if json else map(printable, text):
        print(line)

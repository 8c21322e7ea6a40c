"""Trace: a page down to the training steps that read it, a step back to its source records, a score to all that it was
made of."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

from headwater.options import add_lake, add_recipe, positive_int
from headwater.terminal import json_line, printable

if TYPE_CHECKING:
    from headwater.page_trace import PageTrace, StageOutcome
    from headwater.score_trace import ScoreTrace, Source
    from headwater.step_trace import StepDocument, StepTrace

MAX_CUTS, MAX_FILES, MAX_STEPS = 5, 5, 8  # of a document, of a dataset, of a checkpoint, that are shown
Line = Iterator[str]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument(
        "page",
        nargs="?",
        metavar="PAGE",
        help="a page's URL, also without its scheme or only its beginning, or its doc_id in hex",
    )
    what.add_argument("--step", type=positive_int, metavar="N", help="a training step, from 1")
    what.add_argument("--score", metavar="TASK", help="the scores of a task, with all datasets they were made of")
    add_lake(parser)
    add_recipe(parser)


def run(args: argparse.Namespace) -> int:
    from headwater.lakes import open_lake

    lake = open_lake(args.lake, args.recipe)
    if args.page is not None:
        from headwater.page_trace import trace_page

        pages = trace_page(lake, args.page)
        _print(pages, page_lines(pages), args.json)
    elif args.step is not None:
        from headwater.step_trace import trace_step

        steps = trace_step(lake, args.step)
        _print(steps, step_lines(steps), args.json)
    else:
        from headwater.score_trace import trace_score

        scores = trace_score(lake, args.score)
        _print(scores, score_lines(scores), args.json)
    return 0


def _print(traces: Sequence[PageTrace] | Sequence[StepTrace] | Sequence[ScoreTrace], text: Line, json: bool) -> None:
    """With --json an object for each record of the page, checkpoint or score."""
    for line in map(json_line, map(asdict, traces)) if json else map(printable, text):
        print(line)


def page_lines(traces: Sequence[PageTrace]) -> Line:
    for trace in traces:
        yield f"{trace.doc_id}  {trace.url}"
        yield f"    source      {_place(trace)}"
        for stage in trace.stages:
            yield from _stage_lines(stage)
            if stage.stage == "documents" and trace.record is not None:
                yield f"    {'':11} {trace.record}"
        for note in trace.notes:
            yield f"    shards      {note}"
        for position in trace.positions:
            where = f"{position.address[:12]}/{position.split}/{position.shard}"
            yield f"    shards      {where}: tokens {position.first} to {position.end} of the stream"
            for reading in position.readings:
                steps = ", ".join(map(str, reading.steps[:MAX_STEPS])) + " …" * (len(reading.steps) > MAX_STEPS)
                read = f"read in {len(reading.steps)} of {reading.total_steps} steps: {steps}"
                yield f"    checkpoint  {reading.checkpoint[:12]}: {read}"


def _place(origin: PageTrace | StepDocument) -> str:
    """Bytes of the file, or rows of a table: the source's kind says which."""
    start, length = origin.warc_offset or 0, origin.warc_length or 0
    return f"{origin.warc_file} from {start} to {start + length}"


def _stage_lines(outcome: StageOutcome) -> Line:
    name = f"    {outcome.stage:11} {outcome.partition} [{outcome.address[:12]}]"
    if outcome.reason is None:
        yield f"{name}: kept as {outcome.kind}"
    else:
        role = "keeper" if outcome.stage == "unique" else "held-out page"
        keeper = f", {role} {outcome.keeper}" if outcome.keeper else ""
        detail = f" [{outcome.detail}]" if outcome.detail else ""
        yield f"{name}: removed, {outcome.reason}{keeper}{detail}"
    for cut in outcome.cuts[:MAX_CUTS]:
        where = f"characters {cut.start} to {cut.stop}"
        yield f"    {'':11} {where} cut, {cut.kind} in {cut.documents} documents, first in {cut.keeper}"
    if len(outcome.cuts) > MAX_CUTS:
        yield f"    {'':11} {len(outcome.cuts) - MAX_CUTS} more cuts"


def step_lines(traces: Sequence[StepTrace]) -> Line:
    for trace in traces:
        yield f"checkpoint {trace.checkpoint[:12]}, step {trace.step}" + (f": {trace.note}" if trace.note else "")
        for sequence, documents in trace.sequences.items():
            yield f"  sequence {sequence}"
            for document in documents:
                missing = "its page is no longer in the lake"
                text = f"{document.url}  {_place(document)}" if document.warc_file is not None else missing
                yield f"    {document.doc_id}  {text}"


def score_lines(traces: Sequence[ScoreTrace]) -> Line:
    for trace in traces:
        score = trace.score
        value = "none"
        if score.value is not None:
            value = f"{score.value:.4f} [{score.low:.4f}, {score.high:.4f}]"
        yield f"{score.task}  {score.metric} {value} of {score.n} items, task definition {score.definition[:12]}"
        yield f"  {score.name}  {score.digest[:12]}"
        yield from _source_lines(trace.inputs, "    ")


def _source_lines(sources: Sequence[Source], indent: str) -> Line:
    files = [source for source in sources if source.kind == "file"]
    for source in sources:
        if source.kind == "missing":
            yield f"{indent}{source.name}  {source.digest[:12]}: no longer in the lake"
        elif source.kind == "dataset":
            yield f"{indent}{source.name}  {source.digest[:12]}" + (", above" if source.repeated else "")
            yield from _source_lines(source.inputs, indent + "  ")
    for source in files[:MAX_FILES]:
        yield f"{indent}file {source.name}  {source.digest[:12]}"
    if len(files) > MAX_FILES:
        yield f"{indent}{len(files) - MAX_FILES} more files"

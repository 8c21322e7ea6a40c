"""Trace lines: the answers of `headwater trace` as people read them. Each ends with what it claims."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from headwater.terminal import one_line

if TYPE_CHECKING:
    from headwater.tracing.host_trace import HostOutcome, HostShards, HostTrace
    from headwater.tracing.page_trace import PageTrace, ShardPosition, StageOutcome
    from headwater.tracing.score_trace import ScoreTrace, Source
    from headwater.tracing.step_trace import StepDocument, StepTrace
    from headwater.tracing.text_trace import TextSpan, TextTrace

MAX_CUTS, MAX_FILES, MAX_STEPS = 5, 5, 8  # of a document, of a dataset, of a checkpoint, that are shown
MAX_CHARACTERS, MAX_DOCUMENTS, MAX_PLACES = 400, 5, 2  # of a span, of a span, of a document in it
Line = Iterator[str]


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
            yield from _reading_lines(position, "    ")
    yield from _claim(traces)


def _claim(traces: Sequence[PageTrace] | Sequence[StepTrace] | Sequence[ScoreTrace]) -> Line:
    yield from {trace.claim: None for trace in traces}


def _reading_lines(position: ShardPosition, indent: str) -> Line:
    for reading in position.readings:
        steps = ", ".join(map(str, reading.steps[:MAX_STEPS])) + " …" * (len(reading.steps) > MAX_STEPS)
        read = f"read in {len(reading.steps)} of {reading.total_steps} steps" + (f": {steps}" if steps else "")
        yield f"{indent}checkpoint  {reading.checkpoint[:12]}: {read}"


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


def host_lines(trace: HostTrace) -> Line:
    yield f"{trace.host}: {trace.records:,} records ({', '.join(trace.names)})"
    for outcome in trace.stages:
        yield from _outcome_lines(outcome)
    for shards in trace.shards:
        yield from _shard_lines(shards)
    for page in trace.pages:
        what = "came through" if page.stage is None else f"{page.stage}, {page.reason}"
        yield f"    page        {page.doc_id}  {page.url}: {what}"
    yield trace.claim


def _outcome_lines(outcome: HostOutcome) -> Line:
    name = f"    {outcome.stage:11} {outcome.partition} [{outcome.address[:12]}]"
    yield f"{name}: kept {outcome.kept:,}, removed {sum(outcome.dropped.values()):,}{_reasons(outcome.dropped)}"


def _reasons(counts: Mapping[str, int]) -> str:
    return f" ({', '.join(f'{reason} {count:,}' for reason, count in counts.items())})" if counts else ""


def _shard_lines(shards: HostShards) -> Line:
    name = f"    shards      {shards.address[:12]}/train"
    if shards.note is not None:
        yield f"{name}: {shards.note}"
        return
    tokens = f"{shards.tokens:,} of {shards.training_tokens:,} tokens"
    yield f"{name}: {shards.documents:,} of {shards.training_documents:,} documents, {tokens}"
    if shards.left_out:
        yield f"{name}: left out of the mix{_reasons(shards.left_out)}"
    for reading in shards.readings:
        yield f"    checkpoint  {reading.checkpoint[:12]}: read in {reading.steps:,} of {reading.total_steps:,} steps"


def step_lines(traces: Sequence[StepTrace]) -> Line:
    for trace in traces:
        yield f"checkpoint {trace.checkpoint[:12]}, step {trace.step}" + (f": {trace.note}" if trace.note else "")
        for sequence, documents in trace.sequences.items():
            yield f"  sequence {sequence}"
            for document in documents:
                yield f"    {_source(document)}"
    yield from _claim(traces)


def _source(document: StepDocument) -> str:
    missing = "its page is no longer in the lake"
    text = f"{document.url}  {_place(document)}" if document.warc_file is not None else missing
    return f"{document.doc_id}  {text}"


def text_lines(name: str, trace: TextTrace) -> Line:
    where = f"{trace.training_tokens:,} training tokens of shards/{trace.address[:12]}"
    if trace.note:
        yield f"{name}: {trace.note}"
    elif not trace.found:
        yield f"{name}: nothing of at least {trace.least} tokens stands word for word in the {where}"
    else:
        shown = f", {len(trace.spans)} shown" if len(trace.spans) < trace.found else ""
        spans = f"{trace.found} span{'s' if trace.found > 1 else ''} of at least {trace.least} tokens"
        yield f"{name}: {spans} in the {where}{shown}"
    for span in trace.spans:
        yield from _span_lines(span)
    yield trace.claim


def _span_lines(span: TextSpan) -> Line:
    more = " …" if len(span.text) > MAX_CHARACTERS else ""
    yield f"  {one_line(span.text[:MAX_CHARACTERS])}{more}"
    times = f"{span.occurrences:,} time{'s' if span.occurrences > 1 else ''}"
    yield f"    {span.tokens} tokens, {span.bits:.0f} bits, {times}, characters {span.start} to {span.stop} of the text"
    for document in span.documents[:MAX_DOCUMENTS]:
        yield f"    {_source(document)}"
        for position in document.positions[:MAX_PLACES]:
            yield f"      {position.split}/{position.shard}: tokens {position.first} to {position.end} of the stream"
            yield from _reading_lines(position, "      ")
    shown = sum(len(document.positions[:MAX_PLACES]) for document in span.documents[:MAX_DOCUMENTS])
    if span.occurrences > shown:
        yield f"    {span.occurrences - shown:,} more times"


def score_lines(traces: Sequence[ScoreTrace]) -> Line:
    for trace in traces:
        score = trace.score
        value = "none"
        if score.value is not None:
            value = f"{score.value:.4f} [{score.low:.4f}, {score.high:.4f}]"
        yield f"{score.task}  {score.metric} {value} of {score.n} items, task definition {score.definition[:12]}"
        yield f"  {score.name}  {score.digest[:12]}"
        yield from _source_lines(trace.inputs, "    ")
        yield from _record_lines(trace)
    yield from _claim(traces)


def _record_lines(trace: ScoreTrace) -> Line:
    if trace.note is not None:
        yield f"  no record was read again: {trace.note}"
        return
    compared = f"{trace.compared} compared, {trace.equal} equal"
    yield f"  records of {len(trace.records)} documents that it was trained on, read again: {compared}"
    for record in trace.records:
        yield f"    step {record.step}  {_source(record)}"
        yield f"      {record.record}"


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

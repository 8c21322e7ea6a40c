"""Document: all that a lake knows of one record: the page, what was kept of it and why, its duplicates, and where it
went."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from corpus.audit.samples import Sample, dropped, kept
from corpus.lake.manifest import Manifest
from corpus.lake.stages import CLEAN, DOCUMENTS, TRIMMED
from corpus.lake.store import Lake
from corpus.lineage.records import Records
from corpus.privacy.mask import KINDS, placeholder
from corpus.text.differences import Piece, compare_texts
from headwater.tracing.page_trace import Cut, PageTrace, StageOutcome, trace_page
from headwater.tracing.readings import OpenShards
from headwater.viewing.catalog import KEPT, NONE, Catalog
from headwater.viewing.crawled_page import MAX_CHARACTERS, CrawledPage, lay_out, read_crawled
from headwater.viewing.rule_values import RuleValue, compare_rules, measure_rows, measures_of, rules_of

MAX_COPIES = 50
MASKED = re.compile("|".join(re.escape(placeholder(kind)) for kind in KINDS))


@dataclass(frozen=True, kw_only=True)
class TextPart:
    """`kind`: "kept", "cut" for what many documents repeat, "masked" for a placeholder of personal data."""

    kind: str
    text: str


@dataclass(frozen=True, kw_only=True)
class RuleTable:
    """The rules of a dataset of clean documents."""

    address: str
    values: Sequence[RuleValue]


@dataclass(frozen=True, kw_only=True)
class Beside:
    """A document beside the one that stays in its place, piece by piece: on the left what went."""

    stage: str
    reason: str
    similarity: float | None
    keeper: Sample | None
    pieces: Sequence[Piece]


@dataclass(frozen=True, kw_only=True)
class Copy:
    """A document that went for this one."""

    doc_id: str
    url: str | None
    reason: str | None


@dataclass(frozen=True, kw_only=True)
class Document:
    """`parts`: the text as it was kept, or as it was extracted where it was dropped before; `is_cut` where it is longer
    than is shown. `copies`: the first of `copies_in_all`."""

    title: str
    language: str | None
    outcome: str
    reason: str | None
    trace: PageTrace
    crawled: CrawledPage
    parts: Sequence[TextPart]
    is_cut: bool
    rules: Sequence[RuleTable]
    beside: Sequence[Beside]
    copies: Sequence[Copy]
    copies_in_all: int


def read_document(lake: Lake, records: Records, shards: OpenShards, catalog: Catalog, doc_id: str) -> Document | None:
    """None where there is no such record. Raises OSError naming a file that cannot be read."""
    key = bytes.fromhex(doc_id)
    row = catalog.find(key)
    if row is None:
        return None
    [trace] = trace_page(lake, doc_id, records, shards)
    stages = {outcome.stage: outcome for outcome in trace.stages}
    sample = _text(lake, stages, key)
    parts = list(_parts(sample.text or "", stages[TRIMMED].cuts if TRIMMED in stages else ())) if sample else []
    losses = [
        one for outcome in trace.stages if outcome.reason for one in dropped(lake, _dataset(lake, outcome), [key])
    ]
    copies = (catalog.keepers == row).nonzero()[0].tolist()
    return Document(
        title=(sample.title if sample else None) or "",
        language=catalog.language[row],
        outcome=catalog.outcome[row] or KEPT,
        reason=catalog.reason[row],
        trace=trace,
        crawled=_crawled(lake, trace, catalog.numbers[row] != NONE),
        parts=parts,
        is_cut=sample is not None and len(sample.text or "") > MAX_CHARACTERS,
        rules=list(_rule_tables(lake, trace, losses, key)),
        beside=[_beside(loss) for loss in losses if loss.keeper is not None],
        copies=[
            Copy(doc_id=catalog.doc_ids[one].as_py().hex(), url=catalog.urls[one].as_py(), reason=catalog.reason[one])
            for one in copies[:MAX_COPIES]
        ],
        copies_in_all=len(copies),
    )


def lay_out_document(lake: Lake, records: Records, doc_id: str) -> str | None:
    """The page's HTML, sanitised; None where there is no such record. Raises ValueError where it has none."""
    for fate in records.find("doc_id", [bytes.fromhex(doc_id)]):
        return lay_out(lake, fate.manifest, fate.row)
    return None


def _dataset(lake: Lake, outcome: StageOutcome) -> Manifest:
    return lake.get(outcome.stage, outcome.address)


def _text(lake: Lake, stages: Mapping[str, StageOutcome], key: bytes) -> Sample | None:
    """As the rules left it: what comes after them cuts out of that text or keeps it as it is."""
    for stage in (CLEAN, DOCUMENTS):
        if stage in stages and stages[stage].reason is None:
            return next(iter(kept(lake, _dataset(lake, stages[stage]), [key])), None)
    return None


def _parts(text: str, cuts: Sequence[Cut]) -> Iterator[TextPart]:
    end = 0
    text = text[:MAX_CHARACTERS]
    for cut in sorted(cuts, key=lambda cut: cut.start):
        yield from _masked(text[end : cut.start])
        if text[cut.start : cut.stop]:
            yield TextPart(kind="cut", text=text[cut.start : cut.stop])
        end = max(end, cut.stop)
    yield from _masked(text[end:])


def _masked(text: str) -> Iterator[TextPart]:
    end = 0
    for found in MASKED.finditer(text):
        if found.start() > end:
            yield TextPart(kind="kept", text=text[end : found.start()])
        yield TextPart(kind="masked", text=found.group())
        end = found.end()
    if end < len(text):
        yield TextPart(kind="kept", text=text[end:])


def _crawled(lake: Lake, trace: PageTrace, became_document: bool) -> CrawledPage:
    first = next(outcome for outcome in trace.stages if outcome.stage == DOCUMENTS)
    return read_crawled(lake, _dataset(lake, first), vars(trace), became_document)


def _rule_tables(lake: Lake, trace: PageTrace, losses: Sequence[Sample], key: bytes) -> Iterator[RuleTable]:
    broken: dict[str, Sequence[Mapping[str, Any]]] = {loss.stage: loss.rules for loss in losses}
    for outcome in trace.stages:
        if outcome.stage == CLEAN:
            clean = _dataset(lake, outcome)
            rows = measure_rows(lake, measures_of(lake, clean), [key])
            if key in rows:
                values = compare_rules(rows[key], *rules_of(clean), broken.get(CLEAN, ()))
                yield RuleTable(address=outcome.address, values=values)


def _beside(loss: Sample) -> Beside:
    pieces = compare_texts(loss.text or "", loss.keeper.text or "" if loss.keeper else "")
    return Beside(
        stage=loss.stage, reason=loss.reason or "", similarity=loss.similarity, keeper=loss.keeper, pieces=pieces
    )

"""Outcomes: what became of every document of a crawl, and the funnel of a crawl and of each of its languages.

    records -> pages -> documents -> clean [-> trimmed] -> unique -> split     the numbers of a funnel
                                \\       \\         \\
                                 reasons, counted by stage            a document is dropped once, by the first stage

Read are ids, languages and reasons, a few bytes a document; no text.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from corpus.lake.manifest import Manifest
from corpus.lake.schema import DOC_ID
from corpus.lake.stages import MEASURES
from corpus.lake.store import Lake
from corpus.lineage.graph import sources

OTHERS = "others"

# One row a document, in the order of their ids. `stage` and `reason` are null where it is left at the end; `place` is
# its row in the measures dataset.
OUTCOME = pa.schema(
    [
        pa.field("doc_id", DOC_ID, nullable=False),
        pa.field("language", pa.string(), nullable=False),
        pa.field("stage", pa.string()),
        pa.field("reason", pa.string()),
        pa.field("place", pa.int64(), nullable=False),
    ]
)


@dataclass(frozen=True, kw_only=True)
class Funnel:
    """`left`: how many remain after each stage, in their order; `lost`: stage -> reason -> how many, most first.
    `crawl`, `language`: None for all of them. What is no document has no language, so only the funnel of all languages
    begins with records and pages. `quarantined`: how many of the lost ones could not be read."""

    crawl: str | None
    language: str | None
    left: Mapping[str, int]
    lost: Mapping[str, Mapping[str, int]]
    quarantined: int = 0


def find_outcomes(lake: Lake, clean: Manifest, later: Sequence[Manifest] = ()) -> pa.Table:
    """OUTCOME of every document of the crawl that `clean` was made of; `later`: the datasets of the next stages, which
    may hold other crawls too."""
    [measures] = sources(lake, clean, MEASURES)
    measured = pa.concat_tables(lake.read(measures, "measures", ["doc_id", "language"]))
    doc_ids = measured["doc_id"].combine_chunks()
    stage = pa.nulls(len(doc_ids), pa.string())
    reason = pa.nulls(len(doc_ids), pa.string())
    for manifest in (clean, *later):
        ledger = pa.concat_tables(lake.read(manifest, "ledger", ["doc_id", "reason"]))
        found = pc.index_in(doc_ids, value_set=ledger["doc_id"].combine_chunks())
        reason = pc.coalesce(reason, pc.take(ledger["reason"].combine_chunks(), found))
        stage = pc.if_else(pc.is_valid(found), manifest.stage, stage)
    places = pa.array(np.arange(len(doc_ids)))
    columns = [doc_ids, measured["language"].combine_chunks(), stage, reason, places]
    table = pa.Table.from_arrays(columns, schema=OUTCOME)
    return table.take(pc.sort_indices(table["doc_id"]))


def languages(table: pa.Table) -> list[str]:
    """Those of an outcome table, most frequent first, OTHERS at the end."""
    counted = pc.value_counts(table["language"]).to_pylist()
    found = most_first({item["values"]: item["counts"] for item in counted})
    return sorted(found, key=lambda language: language == OTHERS)


def grouped(table: pa.Table, most: int) -> pa.Table:
    """An outcome table in which all but the `most` most frequent languages are OTHERS."""
    shown = pc.is_in(table["language"], pa.array(languages(table)[:most], pa.string()))
    place = table.schema.get_field_index("language")
    return table.set_column(place, table.schema.field(place), pc.if_else(shown, table["language"], OTHERS))


def failed_rules(lake: Lake, manifest: Manifest) -> pa.Table:
    """(doc_id, rule): a row for each rule that a document of the ledger breaks, the first and all others."""
    ledger = pa.concat_tables(lake.read(manifest, "ledger", ["doc_id", "rules"]))
    rules = ledger["rules"].combine_chunks()
    doc_ids = pc.take(ledger["doc_id"].combine_chunks(), pc.list_parent_indices(rules))
    return pa.table([doc_ids, pc.struct_field(pc.list_flatten(rules), "rule")], ["doc_id", "rule"])


def funnels(documents: Manifest, table: pa.Table, stages: Sequence[str]) -> list[Funnel]:
    """The crawl's funnel, then one a language. `table`: its outcomes, `stages`: those that they were looked up in."""
    counted = table.group_by(["language", "stage", "reason"]).aggregate([([], "count_all")]).to_pylist()
    whole = _funnel(documents.partition, None, counted, stages)
    counts = documents.counts
    first = replace(
        whole,
        left={**arrivals(documents), **whole.left},
        lost={documents.stage: most_first({**counts.dropped, **counts.quarantined}), **whole.lost},
        quarantined=sum(counts.quarantined.values()),
    )
    by_language = [
        _funnel(documents.partition, language, [row for row in counted if row["language"] == language], stages)
        for language in languages(table)
    ]
    return [first, *by_language]


def arrivals(documents: Manifest) -> dict[str, int]:
    """How many records a crawl has, how many of them are pages or texts, and how many of these became documents."""
    pages = sum(int(documents.figures.get(name, 0)) for name in ("pages", "texts"))
    return {"records": documents.counts.records_in, "pages": pages, "documents": documents.counts.kept}


def _funnel(crawl: str, language: str | None, counted: list[dict], stages: Sequence[str]) -> Funnel:
    remaining = sum(row["count_all"] for row in counted)
    left: dict[str, int] = {"documents": remaining}
    lost: dict[str, dict[str, int]] = {}
    for stage in stages:
        reasons: Counter[str] = Counter()
        for row in counted:
            if row["stage"] == stage:
                reasons[row["reason"]] += row["count_all"]
        remaining -= reasons.total()
        left[stage], lost[stage] = remaining, most_first(reasons)
    return Funnel(crawl=crawl, language=language, left=left, lost=lost)


def most_first(counts: Mapping[str, int]) -> dict[str, int]:
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))


def joined(parts: Sequence[Funnel], *, crawl: str | None = None, language: str | None = None) -> Funnel:
    """One funnel of several: a language in all crawls, or the crawls and languages that are not shown by themselves."""
    left: Counter[str] = Counter()
    lost: dict[str, Counter[str]] = {}
    for part in parts:
        left.update(part.left)
        for stage, reasons in part.lost.items():
            lost.setdefault(stage, Counter()).update(reasons)
    by_stage = {stage: most_first(reasons) for stage, reasons in lost.items()}
    quarantined = sum(part.quarantined for part in parts)
    return Funnel(crawl=crawl, language=language, left=dict(left), lost=by_stage, quarantined=quarantined)

"""Inspection: what a stage did with its documents: how many it dropped for which reason, and some to look at."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from corpus.audit.outcomes import failed_rules, most_first
from corpus.audit.samples import Sample, dropped, kept, of_crawl, records, smallest
from corpus.lake.manifest import Manifest
from corpus.lake.stages import DOCUMENTS, crawls_of, holds_crawl
from corpus.lake.store import Lake


@dataclass(frozen=True, kw_only=True)
class Inspected:
    """One dataset: `kept` and `reasons` (the first failing rule of each document) add up to all that came to it;
    `fails`: how many break a rule, whatever else they break. `found`: how many documents were asked for, of which
    `samples` are the first by their id."""

    manifest: Manifest
    kept: int
    reasons: Mapping[str, int]
    fails: Mapping[str, int]
    found: int
    samples: Sequence[Sample]


def inspect(
    lake: Lake, what: str, *, crawl: str | None, reason: str | None, language: str | None, limit: int
) -> list[Inspected]:
    """The datasets of a stage, or of a stage/address; of several with one name, the one that was made last.

    Without a `reason`, what was kept; with one, what was dropped for it or breaks it beside another. Raises ValueError
    where there is no such stage, crawl, reason or language, naming those that there are.
    """
    manifests = _chosen(lake, what, crawl)
    if language is not None and manifests[0].stage == DOCUMENTS:
        raise ValueError("--language: a page's language is measured in the stage clean; inspect that one")
    tables = [_records(lake, manifest, crawl) for manifest in manifests]
    fails = [failed_rules(lake, manifest) for manifest in manifests]
    if reason is not None:
        there = [table["reason"] for table in tables] + [rules["rule"] for rules in fails]
        _known("reason", reason, [name for column in there for name in column.unique().to_pylist()])
    if language is not None:
        _known("language", language, [spoken for table in tables for spoken in table["language"].unique().to_pylist()])
        tables = [table.filter(pc.fill_null(pc.equal(table["language"], language), False)) for table in tables]
    fails = [
        rules.filter(pc.is_in(rules["doc_id"], table["doc_id"])) for rules, table in zip(fails, tables, strict=True)
    ]
    return [
        _inspected(lake, manifest, table, rules, reason, limit)
        for manifest, table, rules in zip(manifests, tables, fails, strict=True)
    ]


def _inspected(
    lake: Lake, manifest: Manifest, table: pa.Table, fails: pa.Table, reason: str | None, limit: int
) -> Inspected:
    stays = table.filter(pc.is_null(table["reason"]))
    if reason is None:
        chosen, show = stays, kept
    else:
        breaks = fails.filter(pc.equal(fails["rule"], reason))["doc_id"]
        first = pc.fill_null(pc.equal(table["reason"], reason), False)
        chosen, show = table.filter(pc.or_(first, pc.is_in(table["doc_id"], breaks))), dropped
    return Inspected(
        manifest=manifest,
        kept=stays.num_rows,
        reasons=most_first(Counter(table["reason"].drop_null().to_pylist())),
        fails=Counter(fails["rule"].to_pylist()),
        found=chosen.num_rows,
        samples=show(lake, manifest, smallest(chosen, limit)),
    )


def _records(lake: Lake, manifest: Manifest, crawl: str | None) -> pa.Table:
    table = records(lake, manifest)
    if crawl is None or manifest.partition == crawl:
        return table
    return table.filter(pc.is_in(table["doc_id"], of_crawl(lake, manifest, crawl)))


def _chosen(lake: Lake, what: str, crawl: str | None) -> list[Manifest]:
    found = chosen(lake, [manifest for manifest in lake.datasets() if manifest.of_kind("ledger")], what)
    if crawl is not None:
        _known("crawl", crawl, [name for manifest in found for name in crawls_of(manifest.partition)])
        found = [manifest for manifest in found if holds_crawl(manifest.partition, crawl)]
    return found


def chosen(lake: Lake, every: Sequence[Manifest], what: str) -> list[Manifest]:
    """Of these datasets those of a stage, or of a stage/address; of several with one name, the one that was made last.
    Raises ValueError where there is none."""
    stage, _, address = what.partition("/")
    if not every:
        raise ValueError(f"no dataset of documents in the lake {lake.url}: `headwater demo` makes some")
    _known("stage", stage, [manifest.stage for manifest in every])
    found = [manifest for manifest in every if manifest.stage == stage]
    if not address:
        last = {manifest.partition: manifest for manifest in sorted(found, key=lambda one: _made(lake, one))}
        return [last[partition] for partition in sorted(last)]
    listed = ", ".join(f"{stage}/{manifest.address}" for manifest in found)
    found = [manifest for manifest in found if manifest.address.startswith(address)]
    if not found:
        raise ValueError(f"no dataset {what}: there are {listed}")
    return found


def _made(lake: Lake, manifest: Manifest) -> float:
    return float(lake.read_run(manifest).get("started", 0))


def _known(kind: str, asked: str, there: Sequence[str | None]) -> None:
    names = sorted({name for name in there if name is not None})
    if asked not in names:
        raise ValueError(f"no {kind} {asked!r}: there are {', '.join(names) or 'none'}")

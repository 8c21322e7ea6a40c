"""Ingest: crawl -> documents. Of each record either a document with its main text, or a row of the ledger."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from importlib.metadata import version
from typing import Any

from corpus.extract import page as extraction
from corpus.lake.manifest import Manifest
from corpus.lake.stage import Outcome, Stage
from corpus.lake.store import Lake
from corpus.lineage.removals import holds, list_removals
from corpus.optout.blocklists import Blocklists
from corpus.optout.removals import Removal, RemovalMatcher
from corpus.sources import Crawl, wikipedia
from pipelines.blocks import STAGE, Block, Ingest, IngestConfig
from pipelines.damage import describe_excess
from pipelines.engine import Engine
from pipelines.parts import StageError
from pipelines.plan import Plan, compute
from pipelines.second_pass import Settle, Settled

VERSION = 9
REMOVALS = "removals"  # in a dataset's configuration: the entries that it obeys, where there are any
LIBRARIES = {**extraction.LIBRARIES, **wikipedia.LIBRARIES, "fastwarc": version("fastwarc"), "isal": version("isal")}


@dataclass(frozen=True, kw_only=True)
class _WithRemovals(IngestConfig):
    """Of a lake that has forgotten something; without that, an address is what it always was."""

    removals: tuple[str, ...]


def ingest(lake: Lake, crawl: Crawl, config: IngestConfig, engine: Engine) -> Outcome:
    """Publishes the documents of a crawl, but for those that the lake has forgotten. Raises StageError when no record
    is a document."""
    lists, removals = Blocklists(config.opt_out), list_removals(lake)
    written = replace(config, opt_out=lists.with_digests(config.opt_out))
    stage = Stage(
        name=STAGE,
        partition=crawl.id,
        version=VERSION,
        config=_WithRemovals(**vars(written), removals=tuple(map(str, removals))) if removals else written,
        files=crawl.digests,
        libraries=LIBRARIES,
    )

    def plan() -> Plan:
        blocks = _blocks(crawl, config.block_bytes)
        folder = lake.path(stage.name, stage.address)
        kinds = frozenset(file.kind for file in crawl.files)
        work = Ingest(crawl.id, config, lists.digests, kinds, removals)
        settled = Settled(blocks=tuple(blocks))

        def check(rows: list[dict[str, Any]]) -> None:
            notes = [
                (block.file.name, block.file.bytes, row["notes"]["damage"])
                for block, row in zip(blocks, rows, strict=False)
            ]
            problem = describe_excess(notes, config.max_broken)
            if problem:
                raise StageError(problem)

        return Plan(
            phases=[(blocks, work), ([settled], Settle(work, folder))],
            parts=[*(block.name for block in blocks), settled.name],
            check=check,
        )

    started = time.time()
    found = _without_forgotten(lake, stage, removals) if removals else None
    if found is not None:
        lake.record(found)
        outcome = Outcome(manifest=found, reused=True, seconds=time.time() - started)
    else:
        warc_urls = {file.name: file.url for file in crawl.files}
        outcome = compute(lake, stage, engine, plan, notes={"warc_urls": warc_urls})
    counts = outcome.manifest.counts
    if counts.kept == 0:
        reasons = ", ".join(f"{name} {n}" for name, n in {**counts.dropped, **counts.quarantined}.items())
        raise StageError(
            f"{stage.label}: none of {counts.records_in} records is a document with text ({reasons or 'no records'}); "
            f"`headwater verify` lists the dataset, its ledger names every record"
        )
    return outcome


def _without_forgotten(lake: Lake, stage: Stage, removals: Sequence[Removal]) -> Manifest | None:
    """A dataset of the same crawl from when the list of removals was shorter, that holds nothing of what was added:
    what would be computed now has the same documents, so forgetting a host costs a crawl nothing that never had it."""
    if lake.find(stage.name, stage.address) is not None:
        return None
    values = {name: value for name, value in stage.config_values.items() if name != REMOVALS}
    known = {str(removal) for removal in removals}
    alike = [
        (set(manifest.config.get(REMOVALS, ())), manifest)
        for manifest in Lake(lake.url).datasets(stage.name)
        if (manifest.partition, manifest.code_version) == (stage.partition, stage.code_version)
        and manifest.inputs == stage.inputs
        and {name: value for name, value in manifest.config.items() if name != REMOVALS} == values
    ]
    for obeyed, manifest in sorted(alike, key=lambda one: (-len(one[0]), one[1].address)):
        added = [removal for removal in removals if str(removal) not in obeyed]
        if obeyed <= known and not holds(lake, manifest, RemovalMatcher(added)):
            return manifest
    return None


def _blocks(crawl: Crawl, block_bytes: int) -> list[Block]:
    cuts = [
        (file, start, min(start + size, file.bytes))
        for file in crawl.files
        for size in [block_bytes if file.splittable else max(1, file.bytes)]
        for start in range(0, file.bytes, size)
    ]
    return [
        Block(name=f"part-{number:05d}", file=file, start=start, stop=stop)
        for number, (file, start, stop) in enumerate(cuts)
    ]

"""Ingest: crawl -> documents. Of each record either a document with its main text, or a row of the ledger."""

from __future__ import annotations

from dataclasses import dataclass, replace
from importlib.metadata import version
from typing import Any

from corpus.extract import page as extraction
from corpus.lake.stage import Outcome, Stage
from corpus.lake.store import Lake
from corpus.optout.blocklists import Blocklists
from corpus.sources import Crawl, wikipedia
from pipelines.beam import beam
from pipelines.blocks import STAGE, Block, Ingest, IngestConfig
from pipelines.damage import describe_excess
from pipelines.elements import Phases
from pipelines.engine import Engine
from pipelines.parts import StageError
from pipelines.plan import Plan, compute
from pipelines.second_pass import Settle, Settled

VERSION = 8
LIBRARIES = {**extraction.LIBRARIES, **wikipedia.LIBRARIES, "fastwarc": version("fastwarc"), "isal": version("isal")}


@dataclass(frozen=True, kw_only=True)
class Blocks:
    """What one worker gets at a time."""

    blocks: tuple[Block, ...]

    @property
    def name(self) -> str:
        return self.blocks[0].name

    @property
    def weight(self) -> int:
        return sum(block.weight for block in self.blocks)


def ingest(lake: Lake, crawl: Crawl, config: IngestConfig, engine: Engine, blocks_at_once: int = 1) -> Outcome:
    """Publishes the documents of a crawl. `blocks_at_once`: how many blocks a worker gets; the digest is the same for
    any. Raises StageError when no record is a document."""
    lists = Blocklists(config.opt_out)
    stage = Stage(
        name=STAGE,
        partition=crawl.id,
        version=VERSION,
        config=replace(config, opt_out=lists.with_digests(config.opt_out)),
        files=crawl.digests,
        libraries=LIBRARIES,
    )

    def plan() -> Plan:
        blocks = _blocks(crawl, config.block_bytes)
        folder = lake.path(stage.name, stage.address)
        work = Ingest(crawl.id, config, lists.digests)
        settled = Settled(blocks=tuple(blocks))

        def check(rows: list[dict[str, Any]]) -> None:
            notes = [
                (block.file.name, block.file.bytes, row["notes"]["damage"])
                for block, row in zip(blocks, rows, strict=False)
            ]
            problem = describe_excess(notes, config.max_broken)
            if problem:
                raise StageError(problem)

        groups = range(0, len(blocks), blocks_at_once)
        return Plan(
            splits=[Blocks(blocks=tuple(blocks[first : first + blocks_at_once])) for first in groups],
            transform=beam.FlatMap(_dealt_out) | Phases(lake.url, folder, work, ([settled], Settle(work, folder))),
            parts=[*(block.name for block in blocks), settled.name],
            check=check,
        )

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


def _dealt_out(split: Blocks) -> tuple[Block, ...]:
    """Each block becomes a part of its own, so how many there are to a split is in no byte."""
    return split.blocks

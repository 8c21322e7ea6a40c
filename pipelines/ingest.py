"""Ingest: crawl -> documents. Of each WARC record either a page with its main text, or a row of the ledger."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib.metadata import version
from typing import Any

import fsspec

from corpus import extract
from corpus.extract import ExtractConfig
from corpus.lake import Lake
from corpus.pages import NotAPage, Page, read_page, record_url
from corpus.schema import DOCUMENT, DROPPED, LEDGER, QUARANTINED, document_id, ledger_row
from corpus.sources import Crawl
from corpus.warc import Broken, Record, read_records
from pipelines.elements import Part, Work
from pipelines.engine import Engine, Outcome, Plan, Stage, StageError, compute, each_split

STAGE = "documents"
VERSION = 2


@dataclass(frozen=True, kw_only=True)
class IngestConfig:
    """`block_bytes`: a WARC is read in ranges of this size, each of which becomes one part. It is configuration, not a
    matter of the worker count, so the parts are the same however they are dealt out."""

    extract: ExtractConfig = field(default_factory=ExtractConfig)
    block_bytes: int = 16 << 20


@dataclass(frozen=True, kw_only=True)
class Range:
    """Bytes [start, stop) of a WARC."""

    name: str
    weight: int
    warc_file: str
    url: str
    size: int
    start: int
    stop: int


def ingest(lake: Lake, crawl: Crawl, config: IngestConfig, engine: Engine) -> Outcome:
    """Publishes the documents of a crawl. Raises StageError when it has no page."""
    stage = Stage(
        name=STAGE,
        partition=crawl.id,
        version=VERSION,
        config=config,
        inputs=crawl.digests,
        libraries={**extract.LIBRARIES, "fastwarc": version("fastwarc")},
    )

    def plan() -> Plan:
        ranges = [block for file in crawl.files for block in _blocks(file, config.block_bytes)]
        named = [Range(name=f"part-{number:05d}", **block) for number, block in enumerate(ranges)]
        return each_split(lake, stage, named, Ingest(crawl.id, config))

    warc_urls = {file.name: file.url for file in crawl.files}
    outcome = compute(lake, stage, engine, plan, notes={"warc_urls": warc_urls})
    counts = outcome.manifest.counts
    if counts.kept == 0:
        reasons = ", ".join(f"{name} {n}" for name, n in {**counts.dropped, **counts.quarantined}.items())
        raise StageError(
            f"{stage.label}: none of {counts.records_in} records is a page with text ({reasons or 'no records'}); "
            f"`headwater verify` lists the dataset, its ledger names every record"
        )
    return outcome


def _blocks(file: Any, block_bytes: int) -> Iterator[dict[str, Any]]:
    size = block_bytes if file.splittable else max(1, file.bytes)
    for start in range(0, file.bytes, size):
        stop = min(start + size, file.bytes)
        where = {"warc_file": file.name, "url": file.url, "size": file.bytes, "start": start, "stop": stop}
        yield {**where, "weight": stop - start}


class Ingest(Work):
    schemas = {"documents": DOCUMENT, "ledger": LEDGER}

    def __init__(self, crawl: str, config: IngestConfig) -> None:
        self.crawl, self.config = crawl, config

    def process(self, lake: Lake, split: Range, part: Part) -> None:
        with fsspec.open(split.url, "rb") as file:
            for record in read_records(file, split.size, split.start, split.stop):
                origin = self._origin(split.warc_file, record)
                if isinstance(record, Broken):
                    outcome = DROPPED if record.reason == "too_large" else QUARANTINED
                    part.lose(ledger_row(origin, STAGE, outcome, record.reason, detail=record.detail))
                    continue
                page = read_page(record.warc)
                if isinstance(page, NotAPage):
                    outcome = QUARANTINED if page.broken else DROPPED
                    part.lose(ledger_row(origin, STAGE, outcome, page.reason, detail=page.detail))
                    continue
                part.figure("pages", 1)
                part.figure("html_bytes", len(page.html))
                self._page(origin, page, part)

    def _origin(self, warc_file: str, record: Record | Broken) -> dict[str, Any]:
        return {
            "doc_id": document_id(self.crawl, warc_file, record.offset),
            "url": record_url(record.warc) if isinstance(record, Record) else None,
            "host": None,
            "warc_file": warc_file,
            "warc_offset": record.offset,
            "warc_length": record.length,
        }

    def _page(self, origin: dict[str, Any], page: Page, part: Part) -> None:
        origin |= {"url": page.url, "host": page.host}
        found = extract.extract(page.html, page.declared_charset, self.config.extract)
        if isinstance(found, str):
            part.lose(ledger_row(origin, STAGE, DROPPED, found))
            return
        part.figure("text_bytes", len(found.text.encode()))
        part.keep(
            "documents",
            {
                **origin,
                "fetched_at": page.fetched_at,
                "payload_digest": page.payload_digest,
                "html_bytes": len(page.html),
                "charset": found.charset,
                "title": found.title,
                "published": found.published,
                "text": found.text,
            },
        )

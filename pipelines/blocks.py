"""Blocks: ranges of a crawl's files, and what becomes of the records in one: documents, or rows of the ledger."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from corpus.archive.headers import FLAGS
from corpus.archive.pages import NotAPage, Page, Text
from corpus.archive.ranges import FileRange
from corpus.extract import page as extraction
from corpus.extract.config import ExtractConfig
from corpus.lake import stages
from corpus.lake.schema import DOCUMENT, DROPPED, LEDGER, QUARANTINE, QUARANTINED, document_id, ledger_row
from corpus.lake.store import Lake
from corpus.optout.blocklists import REMOVAL_LIST, Blocklists, OptOutConfig
from corpus.optout.removals import Removal, RemovalMatcher
from corpus.optout.signals import Refusal, find_refusal
from corpus.sources import SourceFile, SourceRecord
from corpus.sources.archives import SourceOpener
from corpus.sources.kinds import make_sources
from corpus.sources.rows import Columns
from pipelines.damage import Damage
from pipelines.guard import Limits
from pipelines.parts import Part, StageError, Work
from pipelines.revisits import REVISITS

STAGE = stages.DOCUMENTS


@dataclass(frozen=True, kw_only=True)
class IngestConfig:
    """`block_bytes`: a file is read in ranges of this size, each of which becomes one part. It is configuration, not a
    matter of how many ranges a worker gets at a time, so the parts are the same however they are dealt out.
    `quarantine`: the flags (archive.records.FLAGS) whose records are quarantined; others are kept with their flags.
    `columns`: the fields of tables and lines that hold texts and URLs, where no convention names them.
    `max_broken`: the share of the crawl's bytes that may be corrupt. It is of the crawl, not of a file, so that one bad
    file of many costs itself alone; what corrupts all of them (a wrong transfer, a bad disk) stops the stage."""

    extract: ExtractConfig = field(default_factory=ExtractConfig)
    opt_out: OptOutConfig = field(default_factory=OptOutConfig)
    block_bytes: int = 16 << 20
    quarantine: tuple[str, ...] = ()
    columns: Columns = field(default_factory=Columns)
    max_broken: float = 0.5

    def __post_init__(self) -> None:
        unknown = set(self.quarantine) - set(FLAGS)
        if unknown:
            raise ValueError(f"cannot quarantine {sorted(unknown)}: there are {', '.join(FLAGS)}")


@dataclass(frozen=True, kw_only=True)
class Block:
    """Bytes [start, stop) of a file; `exact`: a record is known to begin at `start`."""

    name: str
    file: SourceFile
    start: int
    stop: int
    exact: bool = False

    @property
    def weight(self) -> int:
        return self.stop - self.start


def prepare() -> None:
    """Loads what pages of the web need, in the fork server: no record's time is running there."""
    extraction.prepare()


class Ingest(Work):
    schemas = {"documents": DOCUMENT, "quarantine": QUARANTINE, "ledger": LEDGER}
    guard = Limits()

    def __init__(
        self,
        crawl: str,
        config: IngestConfig,
        digests: dict[str, str],
        kinds: frozenset[str] = frozenset(),
        removals: Sequence[Removal] = (),
    ) -> None:
        """`kinds`: of the crawl's files, where they are known before: what they need is loaded once for all workers.
        `removals`: what the lake has forgotten."""
        self.crawl, self.config, self.digests, self.kinds = crawl, config, digests, kinds
        self.removals = RemovalMatcher(removals)

    def prepare(self) -> None:
        if "web" in self.kinds:
            prepare()

    def setup(self, lake: Lake) -> None:
        self.opener = SourceOpener()
        self.blocklists = Blocklists(self.config.opt_out)
        if self.blocklists.digests != self.digests:
            raise StageError(f"a list changed while the stage ran: {self.digests} became {self.blocklists.digests}")

    def process(self, lake: Lake, split: Block, part: Part) -> None:
        source, file = make_sources(self.config.columns)[split.file.kind], split.file
        span = FileRange(start=split.start, stop=split.stop, exact=split.exact)
        damage, revisits = Damage(), {}
        with self.opener.open(file.url) as (opened, _):
            for found in source.read(opened, file.bytes, f"{self.crawl}/{file.name}", span):
                origin, failed = self._origin(file.name, found), part.begin()
                damage.meet(found)
                if isinstance(found.content, NotAPage) and found.content.original:
                    revisits[origin["doc_id"].hex()] = found.content.original
                if failed is None:
                    self._record(origin, found, part)
                else:
                    part.lose(ledger_row(origin, STAGE, DROPPED, f"parser_{failed.reason}", detail=failed.detail))
        if damage.broken:
            part.figure("broken_bytes", damage.broken)
        part.notes = {"begins": span.begins, "ends": span.ends, "damage": damage.note(), REVISITS: revisits}

    def _origin(self, warc_file: str, found: SourceRecord) -> dict[str, Any]:
        content = found.content
        return {
            "doc_id": document_id(self.crawl, warc_file, found.offset),
            "url": found.url,
            "host": None if isinstance(content, NotAPage) else content.host,
            "warc_file": warc_file,
            "warc_offset": found.offset,
            "warc_length": found.length,
        }

    def _record(self, origin: dict[str, Any], found: SourceRecord, part: Part) -> None:
        content = found.content
        if isinstance(content, NotAPage) and not content.broken:
            part.lose(ledger_row(origin, STAGE, DROPPED, content.reason, detail=content.detail))
        elif removal := self.removals.find(origin):
            part.lose(ledger_row(origin, STAGE, DROPPED, REMOVAL_LIST, detail=str(removal)))
        elif isinstance(content, NotAPage):
            _quarantine(origin, content.reason, content.detail, found.raw, part)
        elif doubtful := [flag for flag in content.flags if flag in self.config.quarantine]:
            _quarantine(origin, doubtful[0], ", ".join(content.flags), found.raw, part)
        elif isinstance(content, Text):
            part.figure("texts", 1)
            part.figure("source_bytes", content.bytes)
            _keep(origin, content, content, content.bytes, part)
        else:
            self._page(origin, content, part)

    def _page(self, origin: dict[str, Any], page: Page, part: Part) -> None:
        part.figure("pages", 1)
        part.figure("html_bytes", len(page.html))
        refusal = self._refusal(origin, page)
        if refusal is not None:
            part.lose(ledger_row(origin, STAGE, DROPPED, refusal.reason, detail=refusal.detail))
            return
        found = extraction.extract_page(page.html, page.declared_charset, self.config.extract)
        if isinstance(found, str):
            part.lose(ledger_row(origin, STAGE, DROPPED, found))
        else:
            _keep(origin, page, found, len(page.html), part)

    def _refusal(self, origin: dict[str, Any], page: Page) -> Refusal | None:
        blocked = self.blocklists.find_refusal(origin["doc_id"], page.claimed_url, page.host)
        return blocked or find_refusal(page.opt_out, page.html, self.config.opt_out.directives)


def _quarantine(origin: dict[str, Any], reason: str, detail: str, raw: bytes, part: Part) -> None:
    part.lose(ledger_row(origin, STAGE, QUARANTINED, reason, detail=detail))
    part.add("quarantine", {**origin, "reason": reason, "raw": raw})


def _keep(
    origin: dict[str, Any], content: Page | Text, found: extraction.Extracted | Text, size: int, part: Part
) -> None:
    for flag in content.flags:
        part.figure(f"flag:{flag}", 1)
    part.figure("text_bytes", len(found.text.encode()))
    part.keep(
        "documents",
        {
            **origin,
            "fetched_at": content.fetched_at,
            "payload_digest": content.payload_digest,
            "html_bytes": size,
            "charset": found.charset,
            "title": found.title,
            "published": found.published if isinstance(found, extraction.Extracted) else None,
            "flags": content.flags,
            "text": found.text,
        },
    )

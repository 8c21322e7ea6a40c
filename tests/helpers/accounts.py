"""Accounts: a crawl taken in within this process, and what became of each of its records."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from corpus.lake.manifest import Counts
from corpus.lake.store import Lake
from corpus.optout.blocklists import Blocklists
from corpus.sources import open_crawl
from pipelines import ingestion as ingest
from pipelines.blocks import Ingest, IngestConfig
from pipelines.parts import PartJob, read_row


@dataclass(frozen=True, kw_only=True)
class Accounts:
    """Rows by kind. `skipped`: files that were not read, and why."""

    counts: Counts
    documents: list[dict[str, Any]]
    ledger: list[dict[str, Any]]
    quarantine: list[dict[str, Any]]
    skipped: Mapping[str, str]

    @property
    def urls(self) -> list[str]:
        return [row["url"] for row in self.documents]

    @property
    def lost(self) -> list[tuple[str, str]]:
        """(outcome, reason) of each record that did not become a document, in their order."""
        return [(row["outcome"], row["reason"]) for row in self.ledger]


def account(folder: Path, files: Mapping[str, bytes | Path], config: IngestConfig | None = None) -> Accounts:
    """Takes in files as `ingest` does, but for Beam and the guard, and checks that none is lost or counted twice."""
    config, place = config or IngestConfig(), folder / "crawl"
    place.mkdir()
    for name, data in files.items():
        if isinstance(data, Path):
            (place / name).symlink_to(data)
        else:
            (place / name).write_bytes(data)
    crawl, lake = open_crawl(str(place)), Lake(str(folder / "lake"))
    work = Ingest(crawl.id, config, Blocklists(config.opt_out).digests)
    job = PartJob(lake.url, lake.path("documents", "0" * 64), work)
    job.setup()
    rows = []
    for block in ingest._blocks(crawl, config.block_bytes):
        job.do(block)
        rows.append(read_row(lake, job.folder, block.name))
    tables: dict[str, list[dict[str, Any]]] = {kind: [] for kind in Ingest.schemas}
    for row in rows:
        for entry in row["files"]:
            found = lake.read_table(f"{job.folder}/{entry['path']}").to_pylist()
            tables[entry["path"].split("/")[0]] += found
    counts = sum((Counts(**row["counts"]) for row in rows), Counts(records_in=0, kept=0))
    assert counts.lost == 0
    assert (counts.kept, counts.records_in) == (len(tables["documents"]), counts.kept + len(tables["ledger"]))
    assert len({row["doc_id"] for kind in ("documents", "ledger") for row in tables[kind]}) == counts.records_in
    aside = [row["doc_id"] for row in tables["ledger"] if row["outcome"] == "quarantined"]
    assert [row["doc_id"] for row in tables["quarantine"]] == aside
    return Accounts(counts=counts, skipped=crawl.skipped, **tables)

"""Real crawl files through `ingest`, the malformed ones of other parsers' test suites among them: every record is
accounted for and nothing is raised."""

from __future__ import annotations

from pathlib import Path

import pytest
from shared import beside

from corpus.lake.store import Lake
from corpus.sources import open_crawl
from pipelines.blocks import IngestConfig
from pipelines.engine import Engine
from pipelines.ingestion import ingest

SHARED = beside("data", "warc")


@pytest.mark.skipif(SHARED is None, reason="no ../shared/data/warc beside this checkout")
def test_real_and_malformed_files_are_accounted_for(tmp_path: Path) -> None:
    crawl, lake = open_crawl(str(SHARED)), Lake(str(tmp_path))
    assert all(name.endswith((".cdx", "LICENSE", "NOTICE", "COPYING.txt", ".wat", ".wat.gz")) for name in crawl.skipped)
    manifest = ingest(lake, crawl, IngestConfig(), Engine(workers=1)).manifest
    counts = manifest.counts
    assert counts.lost == 0 and counts.kept > 300
    assert {"truncated", "bad_warc_header"} <= counts.quarantined.keys()
    assert {"revisit", "http_status", "not_html"} <= counts.dropped.keys()
    documents = [row for table in lake.read(manifest, "documents") for row in table.to_pylist()]
    flags = {flag for row in documents for flag in row["flags"]}
    assert "already_decoded" in flags
    assert len({row["doc_id"] for row in documents}) == counts.kept

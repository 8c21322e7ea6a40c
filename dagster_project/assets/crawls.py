"""Crawl: where the bytes come from. The built-in crawls are made here; others are found, digested and left in place."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import dagster as dg

from corpus.crawl.pydoc_crawl import PydocCrawlConfig, crawl_pydoc, environment
from corpus.lake import stages
from corpus.lake.manifest import Counts, FileEntry, Manifest
from corpus.lake.stage import Outcome, Stage, publish_once
from corpus.lake.store import Lake
from corpus.sources import Crawl, SourceFile, open_crawl
from dagster_project import checks
from dagster_project.metadata.figures import markdown_table
from dagster_project.metadata.materialized import describe_datasets
from dagster_project.partitions import BUILT_IN
from dagster_project.resources import LakeResource
from dagster_project.retries import asked_again
from dagster_project.stage_assets import stage_asset

STAGE = stages.CRAWL
# Of a crawl that the weekly schedule looks at.
FRESHNESS = dg.FreshnessPolicy.time_window(fail_window=timedelta(days=15), warn_window=timedelta(days=8))
VERSION = 2


@dataclass(frozen=True, kw_only=True)
class _Found:
    """A crawl that somebody else made is its files' digests and nothing of our own."""

    skipped: Mapping[str, str]


def open_partition(lake: Lake, manifest: Manifest, key: str) -> Crawl:
    """The files of a crawl's dataset. Raises ValueError when a file is no longer the one that was digested."""
    if key in BUILT_IN:
        return Crawl(
            id=key,
            files=tuple(
                SourceFile(
                    name=Path(entry.path).name,
                    url=f"{lake.folder(manifest)}/{entry.path}" if lake.local else _remote(lake, manifest, entry),
                    bytes=entry.bytes,
                    sha256=entry.sha256,
                    splittable=True,
                )
                for entry in manifest.of_kind("warc")
            ),
        )
    crawl = open_crawl(key)
    if crawl.digests != dict(manifest.inputs):
        raise ValueError(f"the files of {key} have changed since the crawl was materialized: materialize it again")
    return crawl


def _remote(lake: Lake, manifest: Manifest, entry: FileEntry) -> str:
    url: str = lake.fs.unstrip_protocol(f"{lake.folder(manifest)}/{entry.path}")
    return url


@stage_asset(
    STAGE,
    group="crawls",
    kinds={"warc"},
    version=VERSION,
    made_by=open_crawl,
    checked=(checks.DIGESTS, checks.NOT_EMPTY),
    freshness_policy=FRESHNESS,
)
def crawl(context: dg.AssetExecutionContext, lake: LakeResource) -> dg.MaterializeResult:
    """The files of a path, URL or Common Crawl id, or of the site of Python's own documentation, crawled over HTTP."""
    key, opened = context.partition_key, lake.open()
    with asked_again(key):
        outcome = _make(opened, key) if key in BUILT_IN else _find(opened, key)
    manifest = outcome.manifest
    skipped = manifest.figures.get("skipped", {})
    extra: dict[str, Any] = {"url": key}
    if skipped and key not in BUILT_IN:
        extra["not_read"] = dict(skipped)
    if skipped:
        rows = sorted(skipped.items())
        extra["skipped"] = dg.MetadataValue.md(markdown_table(("skipped", "why"), rows))
    results = [checks.digests(opened, manifest), checks.not_empty(manifest.counts.kept)]
    return describe_datasets(opened, outcome, results, extra=extra)


def _make(lake: Lake, name: Any) -> Outcome:
    """Renders, serves and crawls the documentation. Its bytes depend on the environment that is documented."""
    config = PydocCrawlConfig()
    stage = Stage(name=STAGE, partition=name, version=VERSION, config=config, libraries=environment(name))

    def make() -> tuple[Manifest, dict[str, Any]]:
        with lake.scratch() as scratch:
            report, skipped = crawl_pydoc(name, scratch, config=config, progress=True)
            folder = lake.path(STAGE, stage.address)
            files = [lake.put(path, folder, f"warc/{path.name}", 0) for path in sorted(scratch.glob("*.warc.gz"))]
        counts = Counts(records_in=report.urls, kept=report.pages, dropped=dict(sorted(report.not_fetched.items())))
        figures = {"pages": report.pages, "html_bytes": report.html_bytes, "skipped": skipped}
        return stage.manifest(files, counts, figures), {}

    return publish_once(lake, stage, make)


def _find(lake: Lake, url: str) -> Outcome:
    crawl = open_crawl(url)
    config = _Found(skipped=crawl.skipped)
    stage = Stage(name=STAGE, partition=crawl.id, version=VERSION, config=config, files=crawl.digests)

    def make() -> tuple[Manifest, dict[str, Any]]:
        counts = Counts(records_in=len(crawl.files), kept=len(crawl.files))
        figures = {"source_bytes": sum(file.bytes for file in crawl.files), "skipped": dict(crawl.skipped)}
        return stage.manifest([], counts, figures), {"url": url}

    return publish_once(lake, stage, make)

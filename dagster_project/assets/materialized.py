"""Materialized: a published dataset as Dagster shows it: its digest as data version, counts, drops and samples."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import dagster as dg

from corpus.lake import Lake
from corpus.manifest import Manifest
from corpus.outcomes import most_first
from corpus.samples import dropped_samples, kept_samples
from corpus.schema import ACCOUNTS
from dagster_project.figures import excerpt, markdown_table
from dagster_project.lineage import ADDRESS
from pipelines.stage import Outcome

SAMPLES = 3


def materialized(
    lake: Lake,
    outcome: Outcome,
    checks: Sequence[dg.AssetCheckResult],
    *,
    extra: Mapping[str, Any] | None = None,
) -> dg.MaterializeResult:
    """`extra`: what else is shown. A dataset with a ledger also shows samples of what it kept and dropped."""
    manifest = outcome.manifest
    counts = manifest.counts
    lost = {**counts.dropped, **counts.quarantined}
    metadata: dict[str, Any] = {
        "stage": manifest.stage,
        "partition": manifest.partition,
        ADDRESS: manifest.address,
        "digest": manifest.digest,
        "dagster/row_count": sum(entry.rows for entry in manifest.files if entry.kind not in ACCOUNTS),
        "records_in": counts.records_in,
        "kept": counts.kept,
        "dropped": sum(counts.dropped.values()),
        "quarantined": sum(counts.quarantined.values()),
        "bytes": manifest.total_bytes,
        "seconds": round(outcome.seconds, 3),
        "reused": outcome.reused,
        **{name: value for name, value in manifest.figures.items() if isinstance(value, (int, float))},
        **{f"dropped:{reason}": records for reason, records in lost.items()},
        **(extra or {}),
    }
    if lost:
        rows = list(most_first(lost).items())
        metadata["drops"] = dg.MetadataValue.md(markdown_table(("reason", "records"), rows))
    if manifest.of_kind("ledger"):
        metadata["sample_kept"] = dg.MetadataValue.md(_kept(lake, manifest))
        metadata["sample_dropped"] = dg.MetadataValue.md(_dropped(lake, manifest))
    return dg.MaterializeResult(
        metadata=metadata, data_version=dg.DataVersion(manifest.digest), check_results=list(checks)
    )


def passed_on(manifest: Manifest, checks: Sequence[dg.AssetCheckResult]) -> dg.MaterializeResult:
    """For a stage that a recipe leaves out: the dataset before it stands in its place."""
    metadata = {"stage": manifest.stage, "partition": manifest.partition, ADDRESS: manifest.address}
    metadata["digest"] = manifest.digest
    return dg.MaterializeResult(
        metadata=metadata, data_version=dg.DataVersion(manifest.digest), check_results=list(checks)
    )


def _kept(lake: Lake, manifest: Manifest) -> str:
    rows = [(sample.url, excerpt(sample.text or "")) for sample in kept_samples(lake, manifest, SAMPLES)]
    return markdown_table(("url", "text"), rows)


def _dropped(lake: Lake, manifest: Manifest) -> str:
    rows = [
        (sample.url, sample.why, sample.warc_file, sample.warc_offset, excerpt(sample.text or ""))
        for sample in dropped_samples(lake, manifest, 1)
    ]
    return markdown_table(("url", "why", "file", "offset", "text"), rows)

"""Materialized: a published dataset as Dagster shows it: its digest as data version, counts, drops and samples."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import dagster as dg

from corpus.audit.outcomes import most_first
from corpus.audit.samples import dropped_samples, kept_samples
from corpus.lake.manifest import Counts, Manifest, sha256
from corpus.lake.schema import ACCOUNTS
from corpus.lake.store import Lake
from corpus.lineage.graph import STAGES
from dagster_project.lineage import ADDRESS
from dagster_project.metadata.figures import excerpt, markdown_table
from pipelines.stage import Outcome

SAMPLES = 3  # of a dataset
SHOWN = 5  # datasets of which samples are shown


def materialized(
    lake: Lake,
    outcome: Outcome | Sequence[Outcome],
    checks: Sequence[dg.AssetCheckResult],
    *,
    extra: Mapping[str, Any] | None = None,
) -> dg.MaterializeResult:
    """Of one dataset, or of one a crawl together. `extra`: what else is shown. Datasets of documents with a ledger
    also show samples of what they kept and dropped."""
    outcomes = [outcome] if isinstance(outcome, Outcome) else outcome
    manifests = [one.manifest for one in outcomes]
    counts = sum((manifest.counts for manifest in manifests), Counts(records_in=0, kept=0))
    lost = {**counts.dropped, **counts.quarantined}
    digest = manifests[0].digest if len(manifests) == 1 else sha256(" ".join(one.digest for one in manifests).encode())
    figures: Counter[str] = Counter()
    for manifest in manifests:
        figures.update({name: value for name, value in manifest.figures.items() if isinstance(value, (int, float))})
    rows = sum(entry.rows for manifest in manifests for entry in manifest.files if entry.kind not in ACCOUNTS)
    metadata: dict[str, Any] = {
        "stage": manifests[0].stage,
        "partition": "+".join(manifest.partition for manifest in manifests),
        ADDRESS: " ".join(manifest.address for manifest in manifests),
        "digest": digest,
        "dagster/row_count": rows,
        "records_in": counts.records_in,
        "kept": counts.kept,
        "dropped": sum(counts.dropped.values()),
        "quarantined": sum(counts.quarantined.values()),
        "bytes": sum(manifest.total_bytes for manifest in manifests),
        "seconds": round(sum(one.seconds for one in outcomes), 3),
        "reused": all(one.reused for one in outcomes),
        **figures,
        **{f"dropped:{reason}": records for reason, records in lost.items()},
        **(extra or {}),
    }
    if lost:
        metadata["drops"] = dg.MetadataValue.md(markdown_table(("reason", "records"), list(most_first(lost).items())))
    shown = [manifest for manifest in manifests if manifest.of_kind("ledger") and manifest.stage in STAGES][:SHOWN]
    if shown:
        metadata["sample_kept"] = dg.MetadataValue.md(_kept(lake, shown))
        metadata["sample_dropped"] = dg.MetadataValue.md(_dropped(lake, shown))
    return dg.MaterializeResult(metadata=metadata, data_version=dg.DataVersion(digest), check_results=list(checks))


def passed_on(manifest: Manifest, checks: Sequence[dg.AssetCheckResult]) -> dg.MaterializeResult:
    """For a stage that a recipe leaves out: the dataset before it stands in its place."""
    metadata = {"stage": manifest.stage, "partition": manifest.partition, ADDRESS: manifest.address}
    metadata["digest"] = manifest.digest
    return dg.MaterializeResult(
        metadata=metadata, data_version=dg.DataVersion(manifest.digest), check_results=list(checks)
    )


def _kept(lake: Lake, manifests: Sequence[Manifest]) -> str:
    rows = [
        (sample.url, excerpt(sample.text or ""))
        for manifest in manifests
        for sample in kept_samples(lake, manifest, SAMPLES)
    ]
    return markdown_table(("url", "text"), rows)


def _dropped(lake: Lake, manifests: Sequence[Manifest]) -> str:
    rows = [
        (sample.url, sample.why, sample.warc_file, sample.warc_offset, excerpt(sample.text or ""))
        for manifest in manifests
        for sample in dropped_samples(lake, manifest, 1)
    ]
    return markdown_table(("url", "why", "file", "offset", "text"), rows)

"""Materialized: a published dataset as Dagster shows it: its content as data version, counts, drops and samples."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import dagster as dg

from corpus.audit.outcomes import most_first
from corpus.audit.samples import dropped_samples, kept_samples
from corpus.lake.manifest import Counts, Manifest, canonical_json, sha256
from corpus.lake.stage import Outcome
from corpus.lake.stages import ACCOUNTS, DOCUMENT_STAGES, STAGES, join_partitions
from corpus.lake.store import Lake
from dagster_project.lineage import DATASETS
from dagster_project.metadata.figures import excerpt, markdown_table

SAMPLES = 3  # of a dataset
SHOWN = 5  # datasets of which samples are shown


def describe_datasets(
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
    content = content_of(manifests)
    figures: Counter[str] = Counter()
    for manifest in manifests:
        figures.update({name: value for name, value in manifest.figures.items() if isinstance(value, (int, float))})
    shown = [manifest for manifest in manifests if manifest.of_kind("ledger") and manifest.stage in DOCUMENT_STAGES][
        :SHOWN
    ]
    # In the order that people read: what came of it, what it looks like, what else was counted, where it is.
    metadata: dict[str, Any] = {
        "records_in": counts.records_in,
        "kept": counts.kept,
        "dropped": sum(counts.dropped.values()),
        "quarantined": sum(counts.quarantined.values()),
    }
    if (rows := _rows(manifests)) is not None:
        metadata["dagster/row_count"] = rows
    metadata |= extra or {}
    if lost:
        metadata["drops"] = dg.MetadataValue.md(markdown_table(("reason", "records"), list(most_first(lost).items())))
    if shown:
        metadata["sample_kept"] = dg.MetadataValue.md(_kept(lake, shown))
        metadata["sample_dropped"] = dg.MetadataValue.md(_dropped(lake, shown))
    metadata |= {name: value for name, value in figures.items() if name not in metadata}
    metadata |= {f"dropped:{reason}": records for reason, records in lost.items()}
    metadata |= {
        "bytes": sum(manifest.total_bytes for manifest in manifests),
        "seconds": round(sum(one.seconds for one in outcomes), 3),
        "reused": all(one.reused for one in outcomes),
        "stage": manifests[0].stage,
        "partition": join_partitions(manifest.partition for manifest in manifests),
        DATASETS: [f"{manifest.stage}/{manifest.address}" for manifest in manifests],
        "content": content,
    }
    return dg.MaterializeResult(metadata=metadata, data_version=dg.DataVersion(content), check_results=list(checks))


def _rows(manifests: Sequence[Manifest]) -> int | None:
    """Documents, or rows of what else is a table; None for what is none, such as a model."""
    documents = STAGES[manifests[0].stage].documents_in
    entries = [
        entry
        for manifest in manifests
        for entry in manifest.files
        if (entry.kind in documents if documents else entry.kind not in ACCOUNTS)
    ]
    if not all(entry.path.endswith(".parquet") for entry in entries):
        return None
    return sum(entry.rows for entry in entries)


def passed_on(manifest: Manifest, checks: Sequence[dg.AssetCheckResult]) -> dg.MaterializeResult:
    """For a stage that a recipe leaves out: the dataset before it stands in its place."""
    content = content_of([manifest])
    metadata: dict[str, Any] = {"stage": manifest.stage, "partition": manifest.partition}
    metadata |= {DATASETS: [f"{manifest.stage}/{manifest.address}"], "content": content}
    return dg.MaterializeResult(metadata=metadata, data_version=dg.DataVersion(content), check_results=list(checks))


def content_of(manifests: Sequence[Manifest]) -> str:
    """The data version of an asset: the content of its dataset, or of all of them together. Whatever else differs, as
    the bound of a rule that drops the same documents, changes nothing for what reads it."""
    contents = [manifest.content() for manifest in manifests]
    return contents[0] if len(contents) == 1 else sha256(canonical_json(contents))


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

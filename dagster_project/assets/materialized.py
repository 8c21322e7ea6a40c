"""Materialized: a published dataset as Dagster shows it: its digest as data version, counts, drops and samples."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import dagster as dg
import pyarrow as pa
import pyarrow.compute as pc

from corpus.lake import Lake
from corpus.manifest import Manifest
from corpus.schema import ACCOUNTS, DOC_ID, ORIGIN
from dagster_project.figures import excerpt, markdown_table
from dagster_project.lineage import ADDRESS
from pipelines.engine import Outcome

SAMPLES = 3


def materialized(
    lake: Lake,
    outcome: Outcome,
    checks: Sequence[dg.AssetCheckResult],
    *,
    samples_of: str | None = None,
    dropped_from: Sequence[Manifest] = (),
    extra: Mapping[str, Any] | None = None,
) -> dg.MaterializeResult:
    """`samples_of`: the kind of file whose texts are shown; `dropped_from`: where the dropped documents' texts are."""
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
        **(extra or {}),
    }
    if lost:
        rows = sorted(lost.items(), key=lambda item: (-item[1], item[0]))
        metadata["drops"] = dg.MetadataValue.md(markdown_table(("reason", "records"), rows))
    if samples_of is not None:
        metadata["sample_kept"] = dg.MetadataValue.md(_kept(lake, manifest, samples_of))
    if lost:
        metadata["sample_dropped"] = dg.MetadataValue.md(_dropped(lake, manifest, dropped_from))
    return dg.MaterializeResult(
        metadata=metadata, data_version=dg.DataVersion(manifest.digest), check_results=list(checks)
    )


def sample(lake: Lake, manifest: Manifest, kind: str, columns: list[str], count: int = SAMPLES) -> list[dict[str, Any]]:
    """The first rows of a kind: the same on every run."""
    rows: list[dict[str, Any]] = []
    for table in lake.read(manifest, kind, columns):
        rows += table.slice(0, count - len(rows)).to_pylist()
        if len(rows) >= count:
            break
    return rows


def ledger_samples(lake: Lake, manifest: Manifest, count: int = SAMPLES) -> list[dict[str, Any]]:
    """The first ledger rows of each reason."""
    columns = [field.name for field in ORIGIN] + ["reason", "rules", "similarity", "detail"]
    found: dict[str, list[dict[str, Any]]] = {}
    for table in lake.read(manifest, "ledger", columns):
        for row in table.to_pylist():
            rows = found.setdefault(row["reason"], [])
            if len(rows) < count:
                rows.append(row)
    return [row for reason in sorted(found) for row in found[reason]]


def why(row: Mapping[str, Any]) -> str:
    """A ledger row's reason with what was measured."""
    if row["rules"]:
        return "; ".join(f"{rule['rule']} {rule['value']:.4g} (bound {rule['threshold']:g})" for rule in row["rules"])
    if row["similarity"] is not None:
        return f"{row['reason']} {row['similarity']:.3f}"
    return f"{row['reason']} {row['detail'] or ''}".strip()


def _kept(lake: Lake, manifest: Manifest, kind: str) -> str:
    rows = sample(lake, manifest, kind, ["url", "text"])
    return markdown_table(("url", "text"), [(row["url"], excerpt(row["text"])) for row in rows])


def _dropped(lake: Lake, manifest: Manifest, sources: Sequence[Manifest]) -> str:
    rows = ledger_samples(lake, manifest, count=1)
    texts = _texts(lake, sources, {row["doc_id"] for row in rows})
    return markdown_table(
        ("url", "why", "file", "offset", "text"),
        [
            (row["url"], why(row), row["warc_file"], row["warc_offset"], excerpt(texts.get(row["doc_id"], "")))
            for row in rows
        ],
    )


def _texts(lake: Lake, sources: Sequence[Manifest], wanted: set[bytes]) -> dict[bytes, str]:
    """The ledger holds no texts: they are where the documents came from. Reads no further than it must."""
    found: dict[bytes, str] = {}
    for table in (table for source in sources for table in lake.read(source, "documents", ["doc_id", "text"])):
        for row in table.filter(pc.is_in(table["doc_id"], pa.array(sorted(wanted), DOC_ID))).to_pylist():
            found[row["doc_id"]] = row["text"]
        if len(found) == len(wanted):
            break
    return found

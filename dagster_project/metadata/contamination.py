"""Matched: which benchmark items stand in documents, as metadata of the contamination asset and for the report.

The report's section is templates/contamination.html.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import dagster as dg

from corpus.audit.contamination import Matched, gather_matches
from corpus.lake import stages
from corpus.lake.manifest import Manifest
from corpus.lake.store import Lake
from dagster_project.metadata.figures import excerpt, markdown_table

SHOWN = 5  # matches
HEADER = ("task", "items", "too short to tell", "matched", "documents")


def of_contamination(lake: Lake, manifests: Sequence[Manifest]) -> dict[str, Any]:
    """What was found in the documents of all crawls."""
    found = gather_matches(lake, manifests, [], SHOWN)
    rows = [(one.task, one.items, one.too_short, one.matched, one.documents) for one in found.tasks]
    shown = [(one.task, one.item_id, one.part, one.url, excerpt(one.matched)) for one in found.sample]
    return {
        "dagster/row_count": found.found,
        "benchmarks": len(rows),
        "tasks": dg.MetadataValue.md(markdown_table(HEADER, rows)),
        "sample": dg.MetadataValue.md(markdown_table(("task", "item", "part", "url", "matched"), shown)),
        **{f"matched:{one.task}": one.matched for one in found.tasks},
    }


def section(lake: Lake, manifests: Sequence[Manifest]) -> Matched | None:
    """Of the datasets that a report is about; None where nothing was compared with."""
    found = [manifest for manifest in manifests if manifest.stage == stages.CONTAMINATION]
    splits = [manifest for manifest in manifests if manifest.stage == stages.SPLIT]
    return gather_matches(lake, found, splits, SHOWN) if found else None


def numbers(found: Matched | None) -> dict[str, Any] | None:
    """For report.json: counts by task, no texts."""
    return {one.task: asdict(one) for one in found.tasks} if found is not None else None

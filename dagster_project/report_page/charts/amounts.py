"""Amounts: bars of what the training documents are made of, of the sizes of clusters, and of the time of each stage."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from corpus.audit.duplicates import Size
from dagster_project.metadata.duplicates import say_size
from dagster_project.report_page.charts.chart import ACCENT, WARM, Chart, bars

KINDS = {"languages": "language", "hosts": "host", "crawls": "crawl"}


def mixture_charts(mixture: Mapping[str, Sequence[Mapping[str, Any]]]) -> list[Chart]:
    """By language, host and crawl: the tokens of each."""
    return [_mixture_chart(kind, one, mixture[kind]) for kind, one in KINDS.items()]


def _mixture_chart(kind: str, one: str, parts: Sequence[Mapping[str, Any]]) -> Chart:
    whole = sum(part["tokens"] for part in parts) or 1
    names = [part["name"] or f"other {kind}" for part in parts]
    shares = [100 * part["tokens"] / whole for part in parts]
    option, height = bars(
        dict(zip(names, (part["tokens"] for part in parts), strict=True)),
        "tokens",
        [f"{share:.1f} %" for share in shares],
    )
    return Chart(
        name=f"mixture-{kind}",
        title=f"By {one}",
        description=f"Bar chart of training tokens by {one}: "
        + ", ".join(f"{name} {share:.1f} %" for name, share in zip(names[:5], shares, strict=False)),
        option=option,
        height=height,
        header=(one, "documents", "tokens", "share of tokens"),
        rows=[
            (name, part["documents"], part["tokens"], f"{share:.1f} %")
            for name, part, share in zip(names, parts, shares, strict=True)
        ],
    )


def sizes_chart(sizes: Sequence[Size]) -> Chart:
    """Clusters of duplicates by their number of documents."""
    names = [say_size(size) for size in sizes]
    option, height = bars(
        dict(zip(names, (size.clusters for size in sizes), strict=True)),
        "clusters",
        [f"{size.clusters:,}" for size in sizes],
        WARM,
    )
    return Chart(
        name="sizes",
        title="Clusters by their number of documents",
        description="Bar chart of clusters by size: "
        + ", ".join(f"{name} documents {size.clusters:,}" for name, size in zip(names, sizes, strict=True)),
        option=option,
        height=height,
        header=("documents", "clusters", "removed"),
        rows=[(name, size.clusters, size.removed) for name, size in zip(names, sizes, strict=True)],
    )


def time_chart(times: Sequence[Mapping[str, Any]]) -> Chart:
    """Seconds of each stage: those of the runs that made its datasets."""
    names = [one["stage"] for one in times]
    seconds = [one["seconds"] for one in times]
    option, height = bars(
        dict(zip(names, seconds, strict=True)), "seconds", [f"{value:,.1f} s" for value in seconds], ACCENT
    )
    return Chart(
        name="time",
        title="Seconds of each stage",
        description=f"Bar chart of seconds by stage, {sum(seconds):,.0f} in all.",
        option=option,
        height=height,
        header=("stage", "datasets", "seconds", "records a second", "bytes written"),
        rows=[(one["stage"], one["datasets"], one["seconds"], one["records_a_second"], one["bytes"]) for one in times],
    )

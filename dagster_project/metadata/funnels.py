"""Funnels: how many pages are left and why the others went, as metadata of the documents and clean assets."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import dagster as dg

from corpus.audit.histograms import Histogram, make_histograms
from corpus.audit.outcomes import Funnel, arrivals, find_outcomes, funnels, grouped
from corpus.lake import stages
from corpus.lake.manifest import Manifest
from corpus.lake.stages import DOCUMENTS
from corpus.lake.store import Lake
from corpus.lineage.graph import sources
from dagster_project.metadata.figures import (
    bounds_line,
    funnel_svg,
    histogram_svg,
    markdown_image,
    markdown_table,
    short,
)
from pipelines.cleaning import CleanConfig

LANGUAGES = 12
REASONS = 3  # the most frequent ones of a language


def of_documents(documents: Manifest) -> dict[str, Any]:
    return {"funnel": _funnel(arrivals(documents))}


def of_clean(lake: Lake, clean: Manifest, config: CleanConfig) -> dict[str, Any]:
    """The crawl's funnel up to here, its languages, and the spread of every measure with the bounds on it. Medians are
    numbers, so that Dagster plots them from crawl to crawl."""
    [documents] = sources(lake, clean, DOCUMENTS)
    table = grouped(find_outcomes(lake, clean), LANGUAGES)
    whole, *by_language = funnels(documents, table, [stages.CLEAN])
    drawn = make_histograms(lake, clean, table, config.rules, config.language_score)[None]
    return {
        "funnel": _funnel(whole.left),
        "languages": dg.MetadataValue.md(_languages(by_language)),
        "measures": dg.MetadataValue.md(_measures(drawn, whole.left[stages.DOCUMENTS])),
        "kept_share": whole.left[stages.CLEAN] / max(1, whole.left[stages.DOCUMENTS]),
        **{f"median:{found.measure}": found.median for found in drawn},
    }


def _funnel(left: Mapping[str, int]) -> dg.MarkdownMetadataValue:
    return dg.MetadataValue.md(markdown_image(funnel_svg(left), "funnel"))


def _languages(by_language: list[Funnel]) -> str:
    rows = []
    for funnel in by_language:
        most = [f"{reason} {n:,}" for reason, n in list(funnel.lost[stages.CLEAN].items())[:REASONS]]
        rows.append((funnel.language, funnel.left["documents"], funnel.left[stages.CLEAN], ", ".join(most)))
    return markdown_table(("language", "documents", "clean", "dropped most by"), rows)


def _measures(drawn: list[Histogram], documents: int) -> str:
    header = ["measure", "from", "", "to", "median", "bounds"]
    lines = [markdown_table(header, [])]
    for found in drawn:
        low, high, median = (short(number) for number in (found.edges[0], found.edges[-1], found.median))
        picture = markdown_image(histogram_svg(found), found.measure)
        cells = (found.measure, low, picture, high, median, bounds_line(found, documents))
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)

"""Page: the numbers of a report as one self-contained page, in which whatever a page of a crawl wrote is escaped.

Three things keep it harmless: Jinja escapes every value; the charts' numbers lie in a block of JSON, where `<`, `>` and
`&` are escaped too; and the page's own policy fetches nothing and runs no script but the two whose digests it names.
"""

from __future__ import annotations

import base64
import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from corpus.audit.contamination import Matched
from corpus.audit.histograms import Histogram
from corpus.audit.outcomes import most_first
from corpus.audit.samples import Sample, kept_samples
from corpus.audit.survey import Survey
from corpus.lake import stages
from corpus.lake.manifest import Manifest
from corpus.lake.store import Lake
from corpus.privacy import mask as privacy
from corpus.text.differences import Piece
from dagster_project.metadata.duplicates import Duplicates
from dagster_project.metadata.figures import beside, bounds_line, excerpt, histogram_svg, short
from dagster_project.report_page.charts.amounts import mixture_charts, sizes_chart, time_chart
from dagster_project.report_page.charts.chart import Chart
from dagster_project.report_page.charts.curves import learning_charts, loss_chart, pairs_chart, roc_chart, study_chart
from dagster_project.report_page.charts.flow import find_steps, flow_chart
from dagster_project.report_page.charts.intervals import score_charts
from dagster_project.report_page.headline import make_headline, shorten
from dagster_project.report_page.numbers import sum_times
from dagster_project.report_page.written_text import cut_text

STATIC = files("dagster_project.report_page") / "static"
LIBRARY, SCRIPT, STYLE = "echarts.min.js", "report.js", "report.css"
KEPT = 3  # documents of a crawl that are shown
DATASETS, SOURCES = 60, 12  # of a stage, and of those that one was made of, that are shown
DROPPED = 12  # documents that are shown for what went, each for another reason


def templates() -> Environment:
    environment = Environment(
        loader=PackageLoader("dagster_project.report_page", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    filters = {"excerpt": excerpt, "beside": _beside, "histogram": _histogram, "bounds": bounds_line, "short": short}
    environment.filters |= filters | {"link": link, "masked": _masked, "shorten": shorten}
    return environment


def render_page(template: str, drawn: Sequence[Chart], **values: Any) -> str:
    """A page of static/ and of this template."""
    library, script = _static(LIBRARY), _static(SCRIPT)
    return (
        templates()
        .get_template(template)
        .render(
            policy=f"default-src 'none'; script-src {_digest(library)} {_digest(script)}; style-src 'unsafe-inline'; "
            "base-uri 'none'; form-action 'none'",
            library=Markup(library),
            script=Markup(script),
            style=Markup(_static(STYLE)),
            drawings={chart.name: chart.drawing() for chart in drawn},
            most_sources=SOURCES,
            **values,
        )
    )


def render_report(
    lake: Lake,
    manifests: Sequence[Manifest],
    found: Mapping[str, Any],
    surveyed: Survey,
    duplicates: Duplicates,
    matched: Matched | None,
) -> str:
    """The page of report.json, `found`, and of what is not in there: texts of pages."""
    uniques = [manifest for manifest in manifests if manifest.stage == stages.UNIQUE]
    order = list(stages.STAGES)
    datasets = sorted([*found["stages"], *found["between"]], key=lambda row: order.index(row["stage"]))
    rows = _first_of_each_stage(datasets)
    flow = flow_chart(find_steps(manifests), found["train_tokens"])
    scores, learning = score_charts(found["scores"]), learning_charts(found["learning_curve"])
    mixture, loss, times = mixture_charts(found["mixture"]), loss_chart(found["losses"]), sum_times(datasets)
    time, pairs = time_chart(times), pairs_chart(duplicates.config)
    sizes = [sizes_chart(duplicates.found.sizes)] if duplicates.found.clusters else []
    finetuned = {task: one for task, one in found["scores"].items() if one.get("kind") == stages.FINETUNED}
    rocs = {task: roc_chart(task, one["roc"]) for task, one in finetuned.items() if "roc" in one}
    studies = {one["name"]: study_chart(one) for one in found["studies"] if one["best"]}
    traces = found["sample_traces"] or [[] for _ in found["sample"]]
    return render_page(
        "report.html",
        [flow, *scores, *rocs.values(), *studies.values(), *learning, *mixture, loss, time, pairs, *sizes],
        report=found,
        headline=make_headline(found),
        flow=flow,
        drops={stage: most_first(reasons) for stage, reasons in found["dropped"].items() if reasons},
        scores=scores,
        finetuned=finetuned,
        rocs=rocs,
        study_charts=studies,
        learning=learning,
        mixture=mixture,
        loss=loss,
        time=time,
        times=times,
        pairs=pairs,
        sizes=sizes,
        datasets=rows,
        hidden_datasets=len(datasets) - len(rows),
        linked={row["digest"] for row in rows},
        written=[
            (sample, cut_text(sample["text"], spans), spans)
            for sample, spans in zip(found["sample"], traces, strict=True)
        ],
        survey=surveyed,
        duplicates=duplicates,
        contamination=matched,
        kept=[sample for manifest in uniques for sample in kept_samples(lake, manifest, KEPT)],
        gone=_gone(surveyed),
    )


def _first_of_each_stage(datasets: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """As many as a page holds: of many crawls each has its own."""
    seen: Counter[str] = Counter()
    shown = []
    for row in datasets:
        seen[row["stage"]] += 1
        if seen[row["stage"]] <= DATASETS:
            shown.append(row)
    return shown


def _gone(surveyed: Survey) -> list[Sample]:
    """One document for each reason, those of the largest crawl and language first."""
    found: dict[tuple[str, str | None], Sample] = {}
    for crawl in surveyed.crawls:
        for language in crawl.languages:
            for sample in language.dropped:
                found.setdefault((sample.stage, sample.reason), sample)
    return list(found.values())[:DROPPED]


@cache
def _static(name: str) -> str:
    return (STATIC / name).read_text("utf-8")


def _digest(script: str) -> str:
    """As a Content-Security-Policy names a script."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}'"


def link(url: str | None) -> Markup:
    """To a page of the web, which is told nothing of where its reader comes from. Any other address is text."""
    if url and url.lower().startswith(("http://", "https://")):
        return Markup('<a class="url" href="{0}" rel="noopener noreferrer nofollow">{0}</a>').format(url)
    return Markup('<span class="url">{}</span>').format(url or "")


def _masked(text: str) -> str:
    return privacy.mask_text(text, privacy.KINDS).text


def _beside(sample: Sample) -> list[Piece]:
    """What stays on the left."""
    return beside((sample.keeper.text if sample.keeper else None) or "", sample.text or "")


def _histogram(found: Histogram) -> Markup:
    """Made of numbers alone, so that it is safe as it stands."""
    return Markup(histogram_svg(found))

"""Recipe index: the recipes of a lake that have a report, with their scores side by side: report/index.html.

It is a page of its own, as the page of a recipe tells of that recipe's datasets alone and must not change when another
recipe is run. It computes nothing: whether two recipes differ is what `headwater compare` tells.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from corpus.lake.store import Lake
from dagster_project.report_page.charts.chart import Chart
from dagster_project.report_page.charts.intervals import recipe_chart
from dagster_project.report_page.page import render_page
from recipes.values import show

TRIES = 5  # while others write reports too
Reports = Mapping[str, Mapping[str, Any]]


def write_index(lake: Lake) -> None:
    """Of the reports that are there now. Those that another run writes meanwhile are seen by whoever looks last."""
    before: Reports | None = None
    for _ in range(TRIES):
        found = _reports(lake)
        if found == before:
            return
        lake.write(lake.path("report", "index.html"), render_index(found).encode())
        before = found


def _reports(lake: Lake) -> dict[str, dict[str, Any]]:
    """Recipe -> what the index shows of its report."""
    found = {}
    for folder in sorted(str(path).rstrip("/") for path in lake.fs.ls(lake.path("report"), detail=False)):
        path = f"{folder}/report.json"
        if lake.fs.exists(path):
            report = json.loads(lake.fs.cat_file(path))
            names = ("crawls", "pages", "train_documents", "train_tokens", "settings", "core")
            scores = {task: result for task, result in report["scores"].items() if result["score"]}
            kept = ("score", "metric", "n", "chance", "higher_is_better")
            found[folder.rsplit("/", 1)[-1]] = {
                **{name: report.get(name) for name in names},
                "scores": {task: {name: result[name] for name in kept} for task, result in scores.items()},
            }
    return found


def render_index(reports: Reports) -> str:
    charts = _charts(reports)
    return render_page("recipes.html", charts, reports=reports, charts=charts, apart=_apart(reports))


def _charts(reports: Reports) -> list[Chart]:
    """One a task, of the recipes that were asked it, and asked it alike."""
    tasks: dict[tuple[str, str, bool], dict[str, Any]] = {}
    for recipe, report in reports.items():
        for task, result in report["scores"].items():
            kind = (task, result["metric"], result["higher_is_better"])
            tasks.setdefault(kind, {})[recipe] = result["score"]
    return [recipe_chart(*kind, scores) for kind, scores in tasks.items()]


def _apart(reports: Reports) -> dict[str, dict[str, str]]:
    """Setting -> recipe -> its value, of those settings in which the recipes differ; "" where one has none."""
    every = {recipe: report["settings"] or {} for recipe, report in reports.items()}
    names = dict.fromkeys(name for settings in every.values() for name in settings)
    found = {name: {recipe: settings.get(name) for recipe, settings in every.items()} for name in sorted(names)}
    return {
        name: {recipe: _said(value) for recipe, value in values.items()}
        for name, values in found.items()
        if len({json.dumps(value, sort_keys=True) for value in values.values()}) > 1
    }


def _said(value: Any) -> str:
    return value if isinstance(value, str) else "" if value is None else show(value)

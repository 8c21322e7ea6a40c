"""Intervals: scores as marks with their 95 % intervals, of a model beside its baselines, and of recipes side by side.

ECharts draws an interval as a box plot whose box is the value: whiskers to both bounds, several beside each other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from dagster_project.report_page.charts.chart import (
    ACCENT,
    GREY,
    INK,
    WARM,
    Chart,
    Option,
    category,
    grid,
    say_interval,
)

MODELS = {"trained": ACCENT, "unigram": WARM, "untrained": GREY}
GROUP, BESIDE = 28, 18  # pixels of a row, and of each model in it
HEADER = ("value", "95 % from", "95 % to")
Estimate = Mapping[str, Any]


def score_charts(scores: Mapping[str, Mapping[str, Any]]) -> list[Chart]:
    """One for all tasks that share a metric: the model, the baselines beside it, and chance."""
    groups: dict[tuple[str, bool], dict[str, Mapping[str, Any]]] = {}
    for task, result in scores.items():
        if result["score"]:
            groups.setdefault((result["metric"], result["higher_is_better"]), {})[task] = result
    return [_score_chart(metric, higher, results) for (metric, higher), results in groups.items()]


def _score_chart(metric: str, higher: bool, results: Mapping[str, Mapping[str, Any]]) -> Chart:
    shown: dict[str, dict[str, Estimate]] = {}
    for task, result in results.items():
        for model, one in (("trained", result["score"]), *result["beside"].items()):
            shown.setdefault(model, {})[task] = one
    shown = {model: shown[model] for model in (*MODELS, *shown) if model in shown}
    chance = {task: result["chance"] for task, result in results.items() if result["chance"] is not None}
    option, height = _intervals(list(results), shown)
    if chance:
        option["series"].append(
            {
                "type": "scatter",
                "name": "chance",
                "symbol": "diamond",
                "symbolSize": 11,
                "itemStyle": {"color": "--chance"},
                "data": [[round(value, 4), task] for task, value in chance.items()],
                "encode": {"tooltip": [0]},
                "dimensions": ["chance", "task"],
            }
        )
    rows = [
        (task, model, *_bounds(one)) for task in results for model, of in shown.items() if (one := of.get(task))
    ] + [(task, "chance", round(value, 4), None, None) for task, value in chance.items()]
    said = "; ".join(f"{task} {result['score']['value']:.4f}" for task, result in results.items())
    return Chart(
        name=f"scores-{metric}",
        title=f"{metric}, {_direction(higher)}",
        description=f"Scores with 95 % intervals beside baselines, {metric}, {_direction(higher)}: {said}.",
        option=option,
        height=height,
        header=("task", "model", *HEADER),
        rows=rows,
    )


def recipe_chart(task: str, metric: str, higher: bool, scores: Mapping[str, Estimate]) -> Chart:
    """A task's score under each recipe."""
    option, height = _intervals(list(scores), {task: scores})
    del option["legend"]
    # The names of recipes are long: each stands above its interval.
    above = {"inside": True, "align": "left", "verticalAlign": "bottom", "padding": [0, 0, 12, -4], "width": 340}
    option["yAxis"]["axisLabel"] |= above
    option["grid"] |= {"left": 20}
    return Chart(
        name=f"recipes-{task}",
        title=f"{task}: {metric}, {_direction(higher)}",
        description=f"{task} with 95 % intervals under {len(scores)} recipes, {metric}, {_direction(higher)}.",
        option=option,
        height=height,
        header=("recipe", *HEADER),
        rows=[(recipe, *_bounds(one)) for recipe, one in scores.items()],
    )


def _direction(higher: bool) -> str:
    return "higher is better" if higher else "lower is better"


def _bounds(one: Estimate) -> tuple[float, float, float]:
    return round(one["value"], 4), round(one["low"], 4), round(one["high"], 4)


def _intervals(names: Sequence[str], shown: Mapping[str, Mapping[str, Estimate]]) -> tuple[Option, int]:
    """A row a name, and in it an interval for each series that has one."""
    series: list[Option] = []
    for model, estimates in shown.items():
        data = []
        for name in names:
            if name in estimates:
                value, low, high = _bounds(estimates[name])
                data.append([low, value, value, value, high, say_interval(value, low, high)])
            else:
                data.append(["-"] * 6)
        colour = MODELS.get(model, ACCENT)
        series.append(
            {
                "type": "boxplot",
                "name": model,
                "data": data,
                "boxWidth": [6, 16],
                "itemStyle": {"color": colour, "borderColor": colour, "borderWidth": 2.5},
                "dimensions": [*("row", "low", "lower", "value", "upper", "high"), {"name": "said", "type": "ordinal"}],
                "encode": {"tooltip": [6]},
            }
        )
    option: Option = {
        "grid": grid(top=40 if len(shown) > 1 else 8, bottom=4),
        "legend": {"top": 0, "left": 0, "itemHeight": 10, "textStyle": {"color": INK}},
        "tooltip": {"trigger": "axis", "axisPointer": {"type": "shadow"}},
        "xAxis": {"type": "value", "scale": True, "splitNumber": 3},
        "yAxis": category(names),
        "series": series,
    }
    return option, 48 + len(names) * (GROUP + BESIDE * len(shown)) + (24 if len(shown) > 1 else 0)

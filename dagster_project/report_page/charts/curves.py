"""Curves: the loss by step, scores by tokens read, ROC curves, trials of a tuning study, and which pairs deduplication
compares."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from corpus.duplicates.banding import DuplicateConfig, candidate_probability
from dagster_project.report_page.charts.chart import ACCENT, GREY, MUTED, WARM, Chart, Option, axis, grid, say_interval

POINTS = 600  # of a line: more than pixels
TABLE = 25  # rows of a table beside a line
PAIRS = 100  # points of the curve of pairs
Point = tuple[float, float]


def thinned(points: Sequence[Any], most: int) -> list[Any]:
    """At most `most` of them, evenly spaced, the first and the last among them."""
    if len(points) <= most:
        return list(points)
    return [points[round(place * (len(points) - 1) / (most - 1))] for place in range(most)]


def loss_chart(losses: Mapping[str, Sequence[Point]]) -> Chart:
    """(step, loss) of the training batches and of held-out sequences."""
    lines = {
        name: [(step, round(loss, 4)) for step, loss in losses[key]]
        for name, key in (("training", "loss"), ("held out", "heldout_loss"))
    }
    last = {name: points[-1][1] for name, points in lines.items() if points}
    rows = [(name, step, loss) for name, points in lines.items() for step, loss in thinned(points, TABLE)]
    series = [
        _line(name, thinned(points, POINTS), colour, symbol="circle" if name == "held out" else "none")
        for (name, points), colour in zip(lines.items(), (ACCENT, WARM), strict=True)
        if points
    ]
    return Chart(
        name="loss",
        title="Loss by step",
        description=f"Line chart of the loss in nats a token by step; at the end {_listed(last)}.",
        option=_lines(series, axis("step", max="dataMax"), "nats a token"),
        height=320,
        header=("loss", "step", "nats a token"),
        rows=rows,
    )


def learning_charts(curve: Mapping[str, Any] | None) -> list[Chart]:
    """A small chart a task, and one of the centred mean: values with their 95 % intervals by tokens read."""
    points = (curve or {"points": []})["points"]
    found: dict[str, list[tuple[float, float, float, float]]] = {}
    for point in points:
        core = {"core": point["core"]} if point["core"] else {}
        for name, one in {**point["scores"], **core}.items():
            bounds = (round(one[bound], 4) for bound in ("value", "low", "high"))
            found.setdefault(name, []).append((point["tokens"], *bounds))
    levels = {"core": 0.0, **{task: about["chance"] for task, about in (curve or {"tasks": {}})["tasks"].items()}}
    return [_learning_chart(name, values, levels[name]) for name, values in found.items()]


def _learning_chart(name: str, points: Sequence[tuple[float, float, float, float]], level: float | None) -> Chart:
    line = _line(name, [(tokens, value, say_interval(value, *bounds)) for tokens, value, *bounds in points], ACCENT)
    said = {"name": "said", "type": "ordinal"}
    line |= {"dimensions": ["tokens", "value", said], "encode": {"x": 0, "y": 1, "tooltip": [2]}, "symbol": "circle"}
    if level is not None:
        line["markLine"] = _level(level)
    # A band is two areas on top of each other, the lower one without a colour.
    band = [
        {
            "type": "line",
            "name": f"{name} {part}",
            "data": [(tokens, value(low, high)) for tokens, _, low, high in points],
            "stack": "band",
            "stackStrategy": "all",
            "symbol": "none",
            "silent": True,
            "lineStyle": {"opacity": 0},
            "tooltip": {"show": False},
            **({"areaStyle": {"color": ACCENT, "opacity": 0.18}} if part == "interval" else {}),
        }
        for part, value in (("low", lambda low, high: low), ("interval", lambda low, high: round(high - low, 4)))
    ]
    return Chart(
        name=f"learning-{name}",
        title=name,
        description=f"Line chart of {name} by tokens read: {points[0][1]} to {points[-1][1]}, with 95 % intervals.",
        option=_lines([*band, line], axis("tokens read", splitNumber=3, max="dataMax"), "", legend=False),
        height=230,
        header=("tokens read", name, "95 % from", "95 % to"),
        rows=points,
    )


def pairs_chart(config: DuplicateConfig) -> Chart:
    """How probably a pair of a Jaccard similarity becomes a candidate."""
    signing, agreeing = config.signing(), config.min_shared_bands()
    lines = {
        f"equal in {asked} of {signing.bands} bands of {signing.rows} rows": [
            (place / PAIRS, round(candidate_probability(place / PAIRS, signing.bands, signing.rows, asked), 4))
            for place in range(PAIRS + 1)
        ]
        for asked in sorted({1, agreeing})
    }
    colours = (GREY, ACCENT) if len(lines) > 1 else (ACCENT,)
    series = [_line(name, points, colour) for (name, points), colour in zip(lines.items(), colours, strict=True)]
    series[-1]["markLine"] = _level(config.threshold, f"threshold {config.threshold:g}", along="xAxis")
    return Chart(
        name="pairs",
        title="Which pairs are compared",
        description="Line chart of the probability that a pair of documents is compared, by its Jaccard similarity; "
        f"threshold {config.threshold:g}.",
        option=_lines(series, axis("Jaccard similarity of a pair", 2), "probability to be compared"),
        height=300,
        header=("bands", "similarity", "probability"),
        rows=[(name, x, y) for name, points in lines.items() for x, y in points[:: PAIRS // 20]],
    )


def roc_chart(task: str, roc: Mapping[str, Any]) -> Chart:
    """Of a label: how many of its examples are found, by how many of the others are taken for it."""
    pairs = zip(roc["false_positives"], roc["true_positives"], strict=True)
    points = thinned([(round(false, 4), round(true, 4)) for false, true in pairs], POINTS)
    return Chart(
        name=f"roc-{task}",
        title=f"ROC curve of {roc['of']!r}",
        description=f"Line chart of true positives by false positives of {task}, label {roc['of']!r}, as shares.",
        option=_lines(
            [_line(str(roc["of"]), points, ACCENT)], axis("false positives", 2), "true positives", legend=False
        ),
        height=260,
        header=("false positives", "true positives"),
        rows=thinned(points, TABLE),
    )


def study_chart(study: Mapping[str, Any]) -> Chart:
    """What each trial of a study came to, in their order, and the best so far."""
    trials = [(one["trial"], round(one["value"], 4)) for one in study["trials"] if one["value"] is not None]
    best = [(number, min(value for _, value in trials[: place + 1])) for place, (number, _) in enumerate(trials)]
    points = _line("trial", trials, ACCENT, symbol="circle")
    points["lineStyle"] = {"opacity": 0}
    return Chart(
        name=f"study-{study['name']}",
        title=f"Trials of {study['name']}",
        description=f"Points of the {study['unit']} by trial, and a line of the least so far"
        + (f", at the end {best[-1][1]}." if best else "."),
        option=_lines([points, {**_line("best so far", best, WARM), "step": "end"}], axis("trial"), ""),
        height=280,
        header=("trial", study["unit"], "best so far"),
        rows=[(*one, least) for one, (_, least) in zip(trials, best, strict=True)],
    )


def _line(name: str, points: Sequence[Sequence[Any]], colour: str, symbol: str = "none") -> Option:
    style = {"width": 2, "color": colour}
    return {
        "type": "line",
        "name": name,
        "data": list(points),
        "symbol": symbol,
        "symbolSize": 7,
        "lineStyle": style,
        "itemStyle": {"color": colour},
    }


def _level(value: float, said: str = "guessing", along: str = "yAxis") -> Option:
    return {
        "silent": True,
        "symbol": "none",
        "lineStyle": {"color": WARM, "type": "dashed"},
        "label": {"formatter": said, "color": MUTED, "position": "insideEndTop" if along == "yAxis" else "end"},
        "data": [{along: value}],
    }


def _lines(series: list[Option], x: Option, y: str, legend: bool = True) -> Option:
    named = {"legend": {"top": 0, "right": 0, "icon": "roundRect"}} if legend else {}
    return {
        "grid": grid(top=40 if legend else 16, bottom=28),
        "tooltip": {"trigger": "axis"},
        "xAxis": x,
        "yAxis": {"type": "value", "scale": True, "name": y, "nameTextStyle": {"align": "left"}},
        "series": series,
        **named,
    }


def _listed(values: Mapping[str, float]) -> str:
    return ", ".join(f"{name} {value:.4f}" for name, value in values.items()) or "none"

"""Figures: numbers as people look at them: tables in Markdown, plots in SVG that are the same on every run."""

from __future__ import annotations

import base64
import io
import re
from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib as mpl
from matplotlib.figure import Figure

mpl.rcParams["svg.hashsalt"] = "headwater"
mpl.rcParams["svg.fonttype"] = "none"
INK, LIGHT = "#1f4e79", "#9dc3e6"
SAMPLE_CHARACTERS = 300
MARKUP = re.compile(r"([\\\\`*{}\[\]()<>#!|&~])")


def markdown_table(header: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    lines = ["| " + " | ".join(header) + " |", "|" + "---|" * len(header)]
    for row in rows:
        lines.append("| " + " | ".join(_cell(cell) for cell in row) + " |")
    return "\n".join(lines)


def _cell(value: Any) -> str:
    """What a page wrote is shown, never obeyed: an image in it would be fetched by whoever looks."""
    return MARKUP.sub(r"\\\1", " ".join(str(value).split()))


def excerpt(text: str) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= SAMPLE_CHARACTERS else flat[:SAMPLE_CHARACTERS] + " …"


def bars(values: Mapping[str, float], label: str) -> str:
    """A horizontal bar chart, the first on top, as SVG."""
    figure = Figure(figsize=(7, 0.8 + 0.28 * max(1, len(values))), layout="constrained")
    axes = figure.subplots()
    names = list(values)[::-1]
    drawn = axes.barh(names, [values[name] for name in names], color=LIGHT, edgecolor=INK)
    axes.bar_label(drawn, fmt="{:,.0f}", padding=3)
    axes.margins(x=0.15)
    axes.set_xlabel(label)
    axes.spines[["top", "right"]].set_visible(False)
    return _svg(figure)


def curve(lines: Mapping[str, Sequence[tuple[float, float]]], x: str, y: str) -> str:
    """A line plot of named series of (x, y), as SVG."""
    figure = Figure(figsize=(7, 3.2), layout="constrained")
    axes = figure.subplots()
    for (name, points), color in zip(lines.items(), (LIGHT, INK, "#c55a11"), strict=False):
        axes.plot([point[0] for point in points], [point[1] for point in points], label=name, color=color)
    axes.set_xlabel(x)
    axes.set_ylabel(y)
    axes.grid(alpha=0.3)
    axes.legend(frameon=False)
    axes.spines[["top", "right"]].set_visible(False)
    return _svg(figure)


def _svg(figure: Figure) -> str:
    out = io.StringIO()
    figure.savefig(out, format="svg", metadata={"Date": None})
    text = out.getvalue()
    return text[text.index("<svg") :]


def markdown_image(svg: str, name: str) -> str:
    """Dagster strips inline SVG from Markdown, but shows an image whose source holds it."""
    return f"![{name}](data:image/svg+xml;base64,{base64.b64encode(svg.encode()).decode()})"

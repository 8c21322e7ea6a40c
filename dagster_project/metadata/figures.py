"""Figures: numbers as people look at them: tables in Markdown, plots in SVG that are the same on every run."""

from __future__ import annotations

import base64
import io
import math
import re
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any, NamedTuple

import matplotlib as mpl
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

from corpus.audit.histograms import Histogram
from corpus.privacy import mask as privacy
from corpus.text.differences import CHARACTERS, Piece, compare_texts

mpl.rcParams["svg.hashsalt"] = "headwater"
mpl.rcParams["svg.fonttype"] = "none"
INK, LIGHT, WARM = "#1f4e79", "#9dc3e6", "#c55a11"
SAMPLE_CHARACTERS = 300
STEP, HEIGHT = 6, 48  # of a histogram: the width of a bar and the height of the highest
MARKUP = re.compile(r"([\\\\`*{}\[\]()<>#!|&~])")


def markdown_table(header: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    lines = ["| " + " | ".join(header) + " |", "|" + "---|" * len(header)]
    for row in rows:
        lines.append("| " + " | ".join(_cell(cell) for cell in row) + " |")
    return "\n".join(lines)


def _cell(value: Any) -> str:
    """What a page wrote is shown, never obeyed: an image in it would be fetched by whoever looks."""
    return MARKUP.sub(r"\\\1", " ".join(str(value).split()))


def excerpt(text: str, characters: int = SAMPLE_CHARACTERS) -> str:
    """The beginning of a text in one line. A report is passed around, so that personal data in it is masked."""
    flat = privacy.mask_text(" ".join(text[: 4 * characters].split()), privacy.KINDS).text
    return flat if len(flat) <= characters else flat[:characters] + " …"


def beside(left: str, right: str) -> list[Piece]:
    """Two texts by what differs, without personal data. Cut twice as long as is compared, so that no part of an
    address, cut in two, is shown."""
    one, other = (privacy.mask_text(text[: 2 * CHARACTERS], privacy.KINDS).text for text in (left, right))
    return compare_texts(one, other)


def curve(lines: Mapping[str, Sequence[tuple[float, float]]], x: str, y: str) -> str:
    """A line plot of named series of (x, y), as SVG."""
    figure = Figure(figsize=(7, 3.2), layout="constrained")
    axes = figure.subplots()
    for (name, points), color in zip(lines.items(), (LIGHT, INK, WARM), strict=False):
        axes.plot([point[0] for point in points], [point[1] for point in points], label=name, color=color)
    axes.set_xlabel(x)
    axes.set_ylabel(y)
    axes.grid(alpha=0.3)
    axes.legend(frameon=False)
    axes.spines[["top", "right"]].set_visible(False)
    return _svg(figure)


class Band(NamedTuple):
    """A panel of `bands`: (x, value, low, high) by x, and a level to compare with."""

    points: Sequence[tuple[float, float, float, float]]
    level: float | None = None


def bands(panels: Mapping[str, Band], x: str) -> str:
    """A small plot for each name, its values with the interval around them as a band, as SVG."""
    columns = min(len(panels), 3)
    rows = -(-len(panels) // columns)
    figure = Figure(figsize=(7, 0.4 + 2.0 * rows), layout="constrained")
    grid = figure.subplots(rows, columns, squeeze=False).ravel()
    for axes, (name, panel) in zip(grid, panels.items(), strict=False):
        steps, values, lows, highs = zip(*panel.points, strict=True)
        axes.fill_between(steps, lows, highs, color=LIGHT, alpha=0.5, linewidth=0)
        axes.plot(steps, values, color=INK, marker="o", markersize=3)
        if panel.level is not None:
            axes.axhline(panel.level, color=WARM, linewidth=1, linestyle="--")
        axes.set_title(name, fontsize="medium")
        axes.grid(alpha=0.3)
        axes.spines[["top", "right"]].set_visible(False)
        axes.tick_params(labelsize="small")
    for axes in grid[len(panels) :]:
        axes.set_visible(False)
    figure.supxlabel(x, fontsize="medium")
    return _svg(figure)


def histogram_svg(found: Histogram) -> str:
    """Bars with logarithmic heights, in another colour where a bound drops them, and a line at each bound. Written by
    hand: a report has hundreds, of 500 bytes each, where a plotting library takes 15 kB and 30 ms; and one fits into
    Dagster's limit for what it shows inline."""
    most = math.log1p(max(found.counts, default=0)) or 1.0
    bars: dict[str, list[str]] = {LIGHT: [], WARM: []}
    for place, count in enumerate(found.counts):
        height = max(1, round(HEIGHT * math.log1p(count) / most)) if count else 0
        color = WARM if _beyond((found.edges[place] + found.edges[place + 1]) / 2, found) else LIGHT
        for name, parts in bars.items():
            parts.append(f"v-{height}h{STEP - 1}v{height}h1" if name == color and height else f"h{STEP}")
    paths = [f'<path fill="{name}" d="M0 {HEIGHT}{"".join(parts)}"/>' for name, parts in bars.items()]
    lines = "".join(f"M{_place(edge, found)} 0v{HEIGHT}" for edge in _edges(found))
    paths.append(f'<path stroke="{INK}" d="{lines}"/>' if lines else "")
    return _drawing(STEP * len(found.counts), HEIGHT, "".join(paths))


def funnel_svg(left: Mapping[str, int]) -> str:
    """A bar a stage, its number beside it."""
    most = max(left.values(), default=0) or 1
    rows = [
        f'<text y="{top + 11}">{escape(name)}</text><path fill="{LIGHT}" d="M70 {top + 2}h{200 * n // most}v11H70"/>'
        f'<text x="275" y="{top + 11}">{n:,}</text>'
        for top, (name, n) in zip(range(0, 15 * len(left), 15), left.items(), strict=True)
    ]
    return _drawing(340, 15 * len(rows), f'<g font-size="11">{"".join(rows)}</g>')


def _drawing(width: int, height: int, content: str) -> str:
    size = f'width="{width}" height="{height}" viewBox="0 0 {width} {height}"'
    return f'<svg xmlns="http://www.w3.org/2000/svg" {size}>{content}</svg>'


def _edges(found: Histogram) -> list[float]:
    return sorted({edge for bound in found.bounds for edge in (bound.minimum, bound.maximum) if edge is not None})


def _beyond(value: float, found: Histogram) -> bool:
    return any(
        (bound.minimum is not None and value < bound.minimum) or (bound.maximum is not None and value > bound.maximum)
        for bound in found.bounds
    )


def _place(value: float, found: Histogram) -> int:
    low, high = found.edges[0], found.edges[-1]
    if found.log:
        low, high, value = math.log(low), math.log(high), math.log(max(value, low))
    return round(STEP * len(found.counts) * (value - low) / (high - low))


def short(number: float) -> str:
    return f"{number:,.0f}" if abs(number) >= 100 else f"{number:.3g}"


def bounds_line(found: Histogram, documents: int) -> str:
    """The rules on a measure, in words, and what they drop."""
    said = []
    for bound in found.bounds:
        sides = [f"at least {short(bound.minimum)}"] if bound.minimum is not None else []
        sides += [f"at most {short(bound.maximum)}"] if bound.maximum is not None else []
        said.append(f"{bound.rule} {', '.join(sides)}: {bound.failed:,} fail ({bound.failed / documents:.1%})")
    return "; ".join(said)


def _svg(figure: Figure) -> str:
    out = io.StringIO()
    FigureCanvasSVG(figure).print_svg(out, metadata={"Date": None})  # draws once, savefig twice
    text = out.getvalue()
    return text[text.index("<svg") :]


def markdown_image(svg: str, name: str) -> str:
    """Dagster strips inline SVG from Markdown, but shows an image whose source holds it."""
    return f"![{name}](data:image/svg+xml;base64,{base64.b64encode(svg.encode()).decode()})"

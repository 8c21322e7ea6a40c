"""Plot: what each arm does to the scores, beside Headwater's, as SVG that is the same on every run."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence

import matplotlib as mpl
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

from benchmarks.proof.stored import Run
from benchmarks.proof.tables import compare_means, domain_changes

INK, LIGHT = "#1f4e79", "#9dc3e6"


def effects_plot(ours: Sequence[Run], others: Mapping[str, Sequence[Run]]) -> str:
    """Of each arm with two seeds or more: the change of the mean over the domains with its interval, and of each
    domain. To the right of zero it is worse than Headwater."""
    figure = Figure(figsize=(7, 0.9 + 0.3 * len(others)), layout="constrained")
    axes = figure.subplots()
    for row, runs in enumerate(others.values()):
        mean = compare_means(ours, runs)
        changes = sorted(domain_changes(ours, runs).values())
        axes.plot([100 * change for change in changes], [row] * len(changes), "o", color=LIGHT, markersize=4)
        axes.plot([-100 * mean.high, -100 * mean.low], [row, row], color=INK)
        axes.plot([-100 * mean.relative], [row], "s", color=INK, markersize=5)
    axes.axvline(0, color=INK, linewidth=0.8)
    axes.set_yticks(range(len(others)), labels=list(others))
    axes.set_ylim(len(others) - 0.5, -0.5)
    axes.set_xlabel("bits per byte above Headwater's, in %: mean with interval at 95 %, and domains")
    buffer = io.StringIO()
    with mpl.rc_context({"svg.hashsalt": "headwater", "svg.fonttype": "none"}):
        FigureCanvasSVG(figure).print_svg(buffer, metadata={"Date": None, "Creator": None})
    return "\n".join(line.rstrip() for line in buffer.getvalue().splitlines()) + "\n"

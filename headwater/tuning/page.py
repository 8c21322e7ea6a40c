"""Page: a study's table and Optuna's own plots, in its folder: index.html, trials.csv and an SVG a plot."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from headwater.tuning.measures import UNITS
from headwater.tuning.study import Plan
from headwater.tuning.table import Row, as_csv, show_settings
from training.checkpoints.files import write_atomic

if TYPE_CHECKING:
    from optuna import Study

    from headwater.tuning.comparison import Comparison

PLOTS = {
    "history": "plot_optimization_history",
    "importance": "plot_param_importances",
    "slices": "plot_slice",
    "parallel": "plot_parallel_coordinate",
    "on_the_way": "plot_intermediate_values",
}
CAPTIONS = {
    "history": "The trials in their order, and the best so far",
    "importance": "How much of the variance of complete trials each setting explains (fANOVA, Hutter et al. 2014)",
    "slices": "Each setting by itself",
    "parallel": "All settings together: a line a trial",
    "on_the_way": "Held-out losses of each trial on its way; stopped ones end early",
}
STYLE = files("dagster_project.report_page") / "static" / "report.css"


def write_page(
    folder: Path, plan: Plan, study: Study, found: Sequence[Row], comparison: Comparison | None, written: str | None
) -> Path:
    """index.html last, each file in one step. Returns its path."""
    write_atomic(folder / "trials.csv", as_csv(found, plan).encode())
    drawn = draw_plots(folder, plan, study, found)
    environment = Environment(
        loader=PackageLoader("headwater.tuning", "templates"), autoescape=True, undefined=StrictUndefined
    )
    names = [one.name for one in plan.ranges]
    page = environment.get_template("study.html").render(
        plan=plan,
        unit=UNITS[plan.measure],
        names=names,
        rows=sorted(found, key=lambda row: (row.value is None, row.value, row.trial)),
        plots={name: CAPTIONS[name] for name in drawn},
        comparison=comparison,
        written=written,
        style=STYLE.read_text(),
        show=lambda chosen: show_settings(chosen, names),
        shown=lambda value: f"{value:.4g}" if isinstance(value, float) else value,
    )
    write_atomic(folder / "index.html", page.encode())
    return folder / "index.html"


def draw_plots(folder: Path, plan: Plan, study: Study, found: Sequence[Row]) -> list[str]:
    """Those that there is something to show in, as NAME.svg."""
    import matplotlib

    complete = [row for row in found if row.state == "complete"]
    wanted = [
        *(["history", "slices"] if complete else []),
        *(["importance", "parallel"] if len(plan.ranges) > 1 and len({row.value for row in complete}) > 1 else []),
        *(["on_the_way"] if any(row.along for row in found) else []),
    ]
    with matplotlib.rc_context({"svg.hashsalt": plan.name, "figure.constrained_layout.use": True}):
        for name in wanted:
            _draw(folder / f"{name}.svg", PLOTS[name], study, plan.measure)
    return wanted


def _draw(path: Path, name: str, study: Study, target: str) -> None:
    import io

    import matplotlib

    matplotlib.use("agg")
    from matplotlib import pyplot
    from optuna.visualization import matplotlib as plots

    plot: Callable[..., Any] = getattr(plots, name)
    named = {} if name in ("plot_param_importances", "plot_intermediate_values") else {"target_name": target}
    with warnings.catch_warnings():  # of plots that are experimental, and of axes that are drawn otherwise
        warnings.simplefilter("ignore")
        plot(study, **named)
        figure = pyplot.gcf()
        out = io.BytesIO()
        figure.savefig(out, format="svg", metadata={"Date": None})
        pyplot.close("all")
    write_atomic(path, out.getvalue())

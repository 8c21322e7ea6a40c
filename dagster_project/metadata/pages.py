"""Pages: the templates of the report, in which whatever a page wrote is escaped."""

from __future__ import annotations

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from corpus.audit.histograms import Histogram
from corpus.audit.samples import Sample
from corpus.text.differences import Piece
from dagster_project.metadata.figures import beside, bounds_line, excerpt, histogram_svg, short


def templates() -> Environment:
    environment = Environment(
        loader=PackageLoader("dagster_project.metadata", "templates"), autoescape=True, undefined=StrictUndefined
    )
    filters = {"excerpt": excerpt, "beside": _beside, "histogram": _histogram, "bounds": bounds_line, "short": short}
    environment.filters |= filters
    return environment


def _beside(sample: Sample) -> list[Piece]:
    """What stays on the left."""
    return beside((sample.keeper.text if sample.keeper else None) or "", sample.text or "")


def _histogram(found: Histogram) -> Markup:
    """Made of numbers alone, so that it is safe as it stands."""
    return Markup(histogram_svg(found))

"""Figures: small enough to be shown inline, and true to their numbers."""

from __future__ import annotations

import re

import numpy as np
import pytest

from corpus.audit.histograms import BINS, Bound, histogram
from dagster_project.metadata.figures import (
    HEIGHT,
    STEP,
    WARM,
    bounds_line,
    excerpt,
    funnel_svg,
    histogram_svg,
    markdown_image,
)

WORDS = histogram(
    "words",
    np.exp(np.random.RandomState(0).normal(6, 1.5, 9_000)),
    [Bound(rule="gopher_words", minimum=50, maximum=100_000, failed=700)],
)


@pytest.mark.parametrize(
    "svg",
    [
        histogram_svg(WORDS),
        funnel_svg({"records": 10**10, "pages": 10**9, "documents": 10**9, "clean": 10**8, "unique": 10**8}),
    ],
)
def test_dagster_shows_it_inline(svg: str) -> None:
    assert len(markdown_image(svg, "measure")) < 1_000


def test_bars_beyond_a_bound_have_another_colour() -> None:
    svg = histogram_svg(WORDS)
    [warm] = re.findall(f'fill="{WARM}" d="([^"]*)"', svg)
    beyond = sum(
        n > 0 and (low * high) ** 0.5 < 50
        for n, low, high in zip(WORDS.counts, WORDS.edges, WORDS.edges[1:], strict=False)
    )
    assert abs(warm.count("v-") - beyond) <= 1 and beyond > 2
    bars = sum(map(int, re.findall(r"h(\d+)", warm)))
    assert bars == BINS * STEP
    places = [int(place) for place in re.findall(rf"M(\d+) 0v{HEIGHT}", svg)]
    assert len(places) == 2 and places[0] < places[1] < BINS * STEP


def test_the_line_below_says_what_fails() -> None:
    assert bounds_line(WORDS, 9_000) == "gopher_words at least 50, at most 100,000: 700 fail (7.8%)"


def test_an_excerpt_is_short_and_holds_no_personal_data() -> None:
    said = excerpt("Write to\n\njane.doe@example.org now. " + "word " * 1_000)
    assert said.startswith("Write to <EMAIL> now. word") and said.endswith(" …") and len(said) < 310
    assert excerpt("<b>short</b>") == "<b>short</b>"
